// SPDX-License-Identifier: Apache-2.0
#include "core/admin/metrics.hpp"

#include <boost/test/unit_test.hpp>

namespace sense {

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics_tests)

BOOST_AUTO_TEST_CASE(a_counter_has_the_name_that_the_documents_say) {
  Counters counters;
  counters["broker.requests.malformed"] = 3;
  counters["sense.datagrams.malformed"] = 1;
  const auto text = Metrics().text(counters);
  BOOST_TEST(has_line(text, "# TYPE sense_broker_requests_malformed_total counter"), text);
  BOOST_TEST(has_line(text, "sense_broker_requests_malformed_total 3"), text);
  BOOST_TEST(has_line(text, "sense_datagrams_malformed_total 1"), text);
}

BOOST_AUTO_TEST_CASE(everything_has_the_label_of_the_process) {
  Counters counters;
  counters["bus.lost"] = 2;
  Metrics metrics({"gateway", "http"});
  metrics.gauge("sense_waiting", "What waits").set(4);
  const auto text = metrics.text(counters);
  BOOST_TEST(has_line(text, R"(sense_bus_lost_total{gateway="http"} 2)"), text);
  BOOST_TEST(has_line(text, R"(sense_waiting{gateway="http"} 4)"), text);
}

BOOST_AUTO_TEST_CASE(a_histogram_has_one_help_and_a_series_for_each_further_label) {
  Metrics metrics;
  const auto delivered = metrics.histogram("sense_time_seconds", "Time", Metrics::Unit::seconds,
                                           {"outcome", "delivered"});
  const auto retry =
      metrics.histogram("sense_time_seconds", "Time", Metrics::Unit::seconds, {"outcome", "retry"});
  delivered.observe(std::chrono::milliseconds{2});
  delivered.observe(std::chrono::hours{2});
  retry.observe(Duration{0});
  const auto text = metrics.text({});
  BOOST_TEST(has_line(text, R"(sense_time_seconds_bucket{outcome="delivered",le="0.001"} 0)"),
             text);
  BOOST_TEST(has_line(text, R"(sense_time_seconds_bucket{outcome="delivered",le="0.003"} 1)"),
             text);
  BOOST_TEST(has_line(text, R"(sense_time_seconds_bucket{outcome="delivered",le="+Inf"} 2)"), text);
  BOOST_TEST(has_line(text, R"(sense_time_seconds_count{outcome="delivered"} 2)"), text);
  BOOST_TEST(has_line(text, R"(sense_time_seconds_sum{outcome="delivered"} 7200.002)"), text);
  BOOST_TEST(has_line(text, R"(sense_time_seconds_count{outcome="retry"} 1)"), text);
  BOOST_CHECK_EQUAL(text.find("# HELP sense_time_seconds"),
                    text.rfind("# HELP sense_time_seconds"));
}

BOOST_AUTO_TEST_CASE(the_same_name_and_label_is_the_same_series) {
  Metrics metrics;
  metrics.histogram("sense_number", "Number", Metrics::Unit::number).observe(5);
  metrics.histogram("sense_number", "Number", Metrics::Unit::number).observe(7);
  BOOST_TEST(has_line(metrics.text({}), "sense_number_count 2"));
}

BOOST_AUTO_TEST_CASE(handles_without_metrics_observe_nothing) {
  Histogram().observe(1);
  Gauge().set(1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sense

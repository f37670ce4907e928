// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/bench/report/metric.hpp"

using namespace sense::bench;

BOOST_AUTO_TEST_SUITE(bench_metric_tests)

BOOST_AUTO_TEST_CASE(ratio_is_the_median_of_the_ratios_of_each_run) {
  // Of the medians it would be 20 / 20.
  const auto metric =
      make_metric("f", "events/s", {10, 20, 90}, {"peer", {20, 10, 30}}, {"disk", {100, 80, 300}});
  BOOST_CHECK_EQUAL(metric.value.value(), 20);
  BOOST_CHECK_EQUAL(metric.peer.value.value(), 20);
  BOOST_CHECK_EQUAL(metric.peer.ratio.value(), 2);
  BOOST_CHECK_EQUAL(metric.limit.value.value(), 100);
  BOOST_CHECK_EQUAL(metric.limit.ratio.value(), 0.25);
  // And how far the runs are apart.
  BOOST_CHECK_EQUAL(metric.least.value(), 10);
  BOOST_CHECK_EQUAL(metric.greatest.value(), 90);
  BOOST_CHECK_EQUAL(metric.peer.least.value(), 0.5);
  BOOST_CHECK_EQUAL(metric.peer.greatest.value(), 3);
  BOOST_CHECK_EQUAL(metric.runs, 3U);
}

BOOST_AUTO_TEST_CASE(line_has_exactly_the_members_that_are_promised) {
  const auto line = nlohmann::ordered_json::parse(
      to_json(make_metric("durable", "events/s", {30}, {"zmq_proxy", {40}}, {"bare", {60}})));
  std::vector<std::string> names;
  for (const auto& [name, value] : line.items()) names.push_back(name);
  const std::vector<std::string> promised{
      "figure", "value",       "least",    "greatest",    "unit",
      "peer",   "peer_value",  "ratio",    "ratio_least", "ratio_greatest",
      "limit",  "limit_value", "of_limit", "runs"};
  BOOST_TEST(names == promised, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(line["figure"], "durable");
  BOOST_CHECK_EQUAL(line["value"], 30);
  BOOST_CHECK_EQUAL(line["unit"], "events/s");
  BOOST_CHECK_EQUAL(line["peer"], "zmq_proxy");
  BOOST_CHECK_EQUAL(line["peer_value"], 40);
  BOOST_CHECK_EQUAL(line["ratio"], 0.75);
  BOOST_CHECK_EQUAL(line["limit"], "bare");
  BOOST_CHECK_EQUAL(line["of_limit"], 0.5);
  BOOST_CHECK_EQUAL(line["runs"], 1);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_null) {
  const auto alone = nlohmann::json::parse(to_json(make_metric("f", "ms", {1})));
  for (const auto* name : {"peer", "peer_value", "ratio", "limit", "limit_value", "of_limit"})
    BOOST_CHECK_MESSAGE(alone[name].is_null(), name);
  const auto without_peer = nlohmann::json::parse(to_json(make_metric("f", "ms", {1}, {"nats"})));
  BOOST_CHECK_EQUAL(without_peer["peer"], "nats");
  for (const auto* name : {"peer_value", "ratio"})
    BOOST_CHECK_MESSAGE(without_peer[name].is_null(), name);
  const auto nothing = nlohmann::json::parse(to_json(make_metric("f", "ms", {})));
  BOOST_CHECK(nothing["value"].is_null());
}

BOOST_AUTO_TEST_CASE(peer_that_got_nothing_through_has_no_ratio) {
  BOOST_CHECK(!make_metric("f", "events/s", {1}, {"peer", {0}}).peer.ratio);
}

BOOST_AUTO_TEST_CASE(numbers_are_shown_as_people_read_them) {
  BOOST_CHECK_EQUAL(shown(1'234'567.4), "1,234,567");
  BOOST_CHECK_EQUAL(shown(999.6), "1,000");
  BOOST_CHECK_EQUAL(shown(100), "100");
  BOOST_CHECK_EQUAL(shown(99.96), "100");
  BOOST_CHECK_EQUAL(shown(12.34), "12.3");
  BOOST_CHECK_EQUAL(shown(9.9999), "10.0");
  BOOST_CHECK_EQUAL(shown(0.3121), "0.312");
  BOOST_CHECK_EQUAL(shown(0), "0.000");
  BOOST_CHECK_EQUAL(shown(std::nullopt), "–");
  BOOST_CHECK_EQUAL(shown_count(64), "64");
  BOOST_CHECK_EQUAL(shown_count(65'536), "65,536");
}

BOOST_AUTO_TEST_SUITE_END()

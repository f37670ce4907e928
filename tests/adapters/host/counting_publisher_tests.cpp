// SPDX-License-Identifier: Apache-2.0
#include "adapters/host/counting_publisher.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/core/bus/fake_bus.hpp"

using namespace sense;

BOOST_AUTO_TEST_SUITE(counting_publisher_tests)

BOOST_AUTO_TEST_CASE(it_is_idle_behind_the_last_answer_and_says_so_once) {
  testing::FakeBus bus;
  Counters counters;
  CountingPublisher publisher(bus, counters);
  int idle = 0;
  publisher.when_idle([&] { ++idle; });
  BOOST_CHECK_EQUAL(idle, 1);  // nothing waits
  int answers = 0;
  const auto done = [&](const auto&) { ++answers; };
  publisher.publish({}, done);
  publisher.publish({}, done);
  publisher.when_idle([&] { ++idle; });
  BOOST_CHECK_EQUAL(publisher.waiting(), 2U);
  (void)bus.run_one();
  BOOST_CHECK_EQUAL(idle, 1);
  bus.failure = Error{Code::noaccess, "no"};
  bus.run();
  BOOST_CHECK_EQUAL(idle, 2);
  BOOST_CHECK_EQUAL(answers, 2);
  publisher.publish({}, done);
  bus.run();
  BOOST_CHECK_EQUAL(idle, 2);
  BOOST_CHECK_EQUAL(counters["adapter.events.accepted"], 3U);
  BOOST_CHECK_EQUAL(counters["adapter.events.stored"], 1U);
  BOOST_CHECK_EQUAL(counters["adapter.events.refused"], 2U);
}

BOOST_AUTO_TEST_CASE(each_answer_is_measured_by_its_outcome) {
  testing::FakeBus bus;
  Counters counters;
  Metrics metrics;
  const auto time = [&metrics](const char* outcome) {
    return metrics.histogram("time", "Time", Metrics::Unit::seconds, {"outcome", outcome});
  };
  CountingPublisher publisher(bus, counters, {time("stored"), time("duplicate"), time("refused")});
  publisher.publish({}, [](const auto&) {});
  bus.run();
  bus.failure = Error{Code::noaccess, "no"};
  for (int i = 0; i < 2; ++i) publisher.publish({}, [](const auto&) {});
  bus.run();
  const auto text = metrics.text(counters);
  for (const auto* line :
       {R"(time_count{outcome="stored"} 1)", R"(time_count{outcome="refused"} 2)",
        R"(time_count{outcome="duplicate"} 0)"})
    BOOST_TEST(text.find(line) != std::string::npos, text);
}

BOOST_AUTO_TEST_SUITE_END()

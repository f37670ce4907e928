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

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue/callback_health.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::chrono_literals;
using Suspension = CallbackHealth::Suspension;

namespace {

struct Fixture {
  QueueDefaults defaults = [] {
    QueueDefaults made;
    made.suspend_after = 3;
    made.suspend_over = 10s;
    made.probe_first = 60s;
    made.probe_max = 150s;
    return made;
  }();
  SparseOptions options;
  CallbackHealth health{Suspension::none};
  MonoTime now{1h};

  bool fail_after(Duration time) { return health.on_failure(options, defaults, now += time); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(callback_health_tests, Fixture)

BOOST_AUTO_TEST_CASE(it_is_suspended_after_so_many_failures_over_so_long_not_before) {
  BOOST_CHECK(!fail_after(0s));
  BOOST_CHECK(!fail_after(4s));
  BOOST_CHECK(!fail_after(5999ms));  // often enough, not long enough
  BOOST_CHECK(fail_after(1ms));
  BOOST_CHECK_EQUAL(health.failures(), 4U);
  BOOST_CHECK(!health.suspended());  // the caller decides
}

BOOST_AUTO_TEST_CASE(long_enough_is_not_often_enough) {
  BOOST_CHECK(!fail_after(0s));
  BOOST_CHECK(!fail_after(1h));
  BOOST_CHECK(fail_after(0s));
}

BOOST_AUTO_TEST_CASE(one_response_starts_the_count_and_the_time_again) {
  (void)fail_after(0s);
  (void)fail_after(9s);
  BOOST_CHECK(!health.on_response());
  BOOST_CHECK_EQUAL(health.failures(), 0U);
  (void)fail_after(1s);
  (void)fail_after(1s);
  BOOST_CHECK(!fail_after(9s - 1ms));
  BOOST_CHECK(fail_after(1ms));
}

BOOST_AUTO_TEST_CASE(a_subscriptions_own_limits_win) {
  options.suspend_after = 1;
  options.suspend_over = 0s;
  BOOST_CHECK(fail_after(0s));
}

BOOST_AUTO_TEST_CASE(zero_failures_is_never) {
  options.suspend_after = 0;
  for (int i = 0; i < 1000; ++i) BOOST_REQUIRE(!fail_after(1h));
}

BOOST_AUTO_TEST_CASE(what_is_suspended_is_not_suspended_again) {
  options.suspend_after = 1;
  options.suspend_over = 0s;
  BOOST_REQUIRE(fail_after(0s));
  health.suspend(defaults, now);
  BOOST_CHECK(!fail_after(1h));
}

BOOST_AUTO_TEST_CASE(probes_double_up_to_the_longest_and_start_again) {
  health.on_attempt(defaults, now);  // no probe
  health.suspend(defaults, now);
  BOOST_CHECK(health.next_probe() == now + 60s);
  for (const Duration pause : {60s, 120s, 150s, 150s}) {
    now = health.next_probe();
    health.on_attempt(defaults, now);
    BOOST_CHECK(health.next_probe() == now + pause);
  }
  BOOST_CHECK(health.on_response());
  health.suspend(defaults, now);
  BOOST_CHECK(health.next_probe() == now + 60s);
}

BOOST_AUTO_TEST_CASE(a_response_resumes_once_and_the_registry_overrides) {
  health.suspend(defaults, now);
  BOOST_CHECK(health.on_response());
  BOOST_CHECK(health.suspension() == Suspension::resumed);
  BOOST_CHECK(!health.on_response());
  BOOST_CHECK(health.suspension() == Suspension::resumed);
  (void)fail_after(0s);
  health.reset();
  BOOST_CHECK(health.suspension() == Suspension::none);
  BOOST_CHECK_EQUAL(health.failures(), 0U);
  BOOST_CHECK(CallbackHealth(Suspension::suspended).suspended());  // as it was stored
}

BOOST_AUTO_TEST_SUITE_END()

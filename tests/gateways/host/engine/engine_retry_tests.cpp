// SPDX-License-Identifier: Apache-2.0
// Retries.
#include "gateways/host/engine/queue/retry_schedule.hpp"
#include "tests/gateways/engine_fixture.hpp"

using sense::Attempt;
using sense::Duration;
using sense::testing::EngineFixture;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(engine_retry_tests, EngineFixture)

BOOST_AUTO_TEST_CASE(retries_follow_the_schedule_and_jitter_only_adds) {
  put(plain());
  publish();
  for (const Duration pause : {1s, 2s, 4s}) {
    answer_next(Attempt::retry("no"));
    BOOST_CHECK(out.empty());
    const auto waited = pass_to_timer();
    BOOST_CHECK_MESSAGE(waited >= pause && waited <= pause + pause / 10,
                        waited.count() << " instead of " << pause.count());
    BOOST_REQUIRE_EQUAL(out.size(), 1U);
  }
  BOOST_CHECK_EQUAL(out[0].delivery->attempt, 4U);
  BOOST_CHECK_EQUAL(out[0].delivery->number, 1U);
}

BOOST_AUTO_TEST_CASE(jitter_differs) {
  auto subscription = plain();
  subscription.delivery.window = 50;
  put(subscription);
  publish(50);
  std::set<std::int64_t> dues;
  while (!out.empty()) {
    const auto deliver = next();
    engine.on_result(deliver.attempt_id, Attempt::retry("no"), clock.now());
  }
  for (int i = 0; i < 50; ++i) {
    dues.insert(engine.next_timer()->time_since_epoch().count());
    pass_to_timer();
  }
  BOOST_CHECK_GT(dues.size(), 40U);
}

BOOST_AUTO_TEST_CASE(nothing_is_attempted_before_its_time) {
  put(plain());
  publish();
  answer_next(Attempt::retry("no"));
  pass(1s - 1us);
  BOOST_CHECK(out.empty());
}

BOOST_AUTO_TEST_CASE(jump_of_the_wall_clock_hastens_and_delays_no_retry) {
  for (const Duration jump : {Duration{24h * 3650}, Duration{-24h * 3650}}) {
    put(plain());
    publish();
    answer_next(Attempt::retry("busy", 90s));
    clock.jump_wall(jump);
    pass(90s - 1us);
    BOOST_CHECK(out.empty());
    BOOST_CHECK_LE(pass_to_timer().count(), Duration{9s}.count());  // a tenth of jitter
    BOOST_REQUIRE_EQUAL(out.size(), 1U);
    answer_next(Attempt::delivered());
  }
}

BOOST_AUTO_TEST_CASE(the_wanted_pause_is_kept_and_clamped) {
  put(plain());
  publish();
  answer_next(Attempt::retry("busy", 90s));
  BOOST_CHECK(pass_to_timer() == Duration{90s});
  answer_next(Attempt::retry("busy", std::chrono::hours{24 * 400}));
  BOOST_CHECK(pass_to_timer() == sense::RetrySchedule::pause_max);
  answer_next(Attempt::retry("busy", Duration{-5s}));
  BOOST_CHECK_EQUAL(out.size(), 1U);
}

BOOST_AUTO_TEST_CASE(the_subscriptions_own_schedule_wins) {
  auto subscription = plain();
  subscription.delivery.retry_initial = 10s;
  subscription.delivery.retry_max = 30s;
  subscription.delivery.retry_count = 5;
  put(subscription);
  publish();
  for (const Duration pause : {10s, 20s, 30s, 30s}) {
    answer_next(Attempt::retry("no"));
    const auto waited = pass_to_timer();
    BOOST_CHECK(waited >= pause && waited <= pause + pause / 10);
  }
  answer_next(Attempt::retry("no"));
  BOOST_REQUIRE_EQUAL(dead.size(), 1U);
  BOOST_CHECK_EQUAL(dead[0].attempts, 5U);
}

BOOST_AUTO_TEST_CASE(a_long_schedule_does_not_overflow) {
  auto subscription = plain();
  subscription.delivery.retry_initial = 24h * 7;
  subscription.delivery.retry_count = 1000;
  put(subscription);
  publish();
  for (int i = 1; i < 1000; ++i) {
    answer_next(Attempt::retry("no"));
    const auto waited = pass_to_timer();
    BOOST_REQUIRE(waited >= sense::RetrySchedule::pause_max &&
                  waited <= sense::RetrySchedule::pause_max * 11 / 10);
  }
}

BOOST_AUTO_TEST_SUITE_END()

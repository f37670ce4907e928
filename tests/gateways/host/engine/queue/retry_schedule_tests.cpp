// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue/retry_schedule.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::chrono_literals;

namespace {

const std::vector<Duration> pauses{1s, 5s, 30s};

// Without jitter.
DeliveryOptions exact() {
  DeliveryOptions options;
  options.sparse.edit().retry_jitter = 0;
  return options;
}

Duration pause_after(const DeliveryOptions& options, std::uint32_t attempts,
                     std::optional<Duration> wanted = std::nullopt) {
  std::mt19937_64 random(1);
  return RetrySchedule(options, pauses).pause(attempts, wanted, random);
}

bool exhausted(const DeliveryOptions& options, std::uint32_t attempts, Duration since_first,
               bool end_notice = false) {
  return RetrySchedule(options, pauses).exhausted(attempts, since_first, end_notice);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(retry_schedule_tests)

BOOST_AUTO_TEST_CASE(the_gateways_pauses_hold_and_the_last_one_goes_on) {
  BOOST_CHECK(pause_after(exact(), 1) == 1s);
  BOOST_CHECK(pause_after(exact(), 3) == 30s);
  BOOST_CHECK(pause_after(exact(), 1000) == 30s);
}

BOOST_AUTO_TEST_CASE(a_gateway_without_pauses_attempts_once) {
  const std::vector<Duration> none;
  const auto options = exact();
  std::mt19937_64 random(1);
  BOOST_CHECK(RetrySchedule(options, none).pause(1, std::nullopt, random) == 0s);
  BOOST_CHECK(RetrySchedule(options, none).exhausted(1, 0s, false));
}

BOOST_AUTO_TEST_CASE(a_subscriptions_own_pause_grows_up_to_its_longest) {
  auto options = exact();
  options.retry_initial = 2s;
  options.retry_max = 10s;
  BOOST_CHECK(pause_after(options, 1) == 2s);
  BOOST_CHECK(pause_after(options, 3) == 8s);
  BOOST_CHECK(pause_after(options, 4) == 10s);
  BOOST_CHECK(pause_after(options, UINT32_MAX) == 10s);
}

BOOST_AUTO_TEST_CASE(the_receivers_pause_replaces_the_schedule_within_its_limits) {
  DeliveryOptions options;
  options.sparse.edit().retry_jitter = 100;
  options.retry_max = 10s;
  BOOST_CHECK(pause_after(options, 1, 90s) == 90s);  // no jitter, no longest
  BOOST_CHECK(pause_after(options, 1, -5s) == 0s);
  BOOST_CHECK(pause_after(options, 1, std::chrono::hours{24 * 400}) == RetrySchedule::pause_max);
  BOOST_CHECK(pause_after(options, 1, Duration::max()) == RetrySchedule::pause_max);
}

BOOST_AUTO_TEST_CASE(jitter_never_makes_an_attempt_earlier) {
  std::mt19937_64 random(7);
  const DeliveryOptions options;
  for (int i = 0; i < 1000; ++i) {
    const auto pause = RetrySchedule(options, pauses).pause(3, std::nullopt, random);
    BOOST_REQUIRE(pause >= 30s && pause < 33s);
  }
}

BOOST_AUTO_TEST_CASE(attempts_end_with_the_pauses_or_the_subscriptions_count_or_span) {
  BOOST_CHECK(!exhausted(DeliveryOptions{}, 3, 0s));
  BOOST_CHECK(exhausted(DeliveryOptions{}, 4, 0s));
  DeliveryOptions counted;
  counted.retry_count = 2;
  BOOST_CHECK(!exhausted(counted, 1, 1h));
  BOOST_CHECK(exhausted(counted, 2, 0s));
  DeliveryOptions spanned;
  spanned.sparse.edit().retry_span = 60s;
  BOOST_CHECK(!exhausted(spanned, 1'000'000, 59s));
  BOOST_CHECK(exhausted(spanned, 1, 60s));
}

BOOST_AUTO_TEST_CASE(an_end_notice_is_attempted_four_times_at_most) {
  DeliveryOptions options;
  options.retry_count = 1000;
  BOOST_CHECK(!exhausted(options, 3, 0s, true));
  BOOST_CHECK(exhausted(options, 4, 0s, true));
}

BOOST_AUTO_TEST_SUITE_END()

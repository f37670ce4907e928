// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/retry_schedule.hpp"

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

Duration pause_after(const DeliveryOptions& options, std::uint32_t attempts) {
  std::mt19937_64 random(1);
  return retry_pause(options, pauses, attempts, random);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(retry_schedule_tests)

BOOST_AUTO_TEST_CASE(the_gateways_pauses_hold_and_the_last_one_goes_on) {
  BOOST_CHECK(pause_after(exact(), 1) == 1s);
  BOOST_CHECK(pause_after(exact(), 3) == 30s);
  BOOST_CHECK(pause_after(exact(), 1000) == 30s);
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

BOOST_AUTO_TEST_CASE(jitter_never_makes_an_attempt_earlier) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) {
    const auto pause = retry_pause(DeliveryOptions{}, pauses, 3, random);
    BOOST_REQUIRE(pause >= 30s && pause < 33s);
  }
}

BOOST_AUTO_TEST_CASE(attempts_end_with_the_pauses_or_the_subscriptions_count_or_span) {
  BOOST_CHECK(!retries_exhausted(DeliveryOptions{}, pauses, 3, 0s, false));
  BOOST_CHECK(retries_exhausted(DeliveryOptions{}, pauses, 4, 0s, false));
  DeliveryOptions counted;
  counted.retry_count = 2;
  BOOST_CHECK(!retries_exhausted(counted, pauses, 1, 1h, false));
  BOOST_CHECK(retries_exhausted(counted, pauses, 2, 0s, false));
  DeliveryOptions spanned;
  spanned.sparse.edit().retry_span = 60s;
  BOOST_CHECK(!retries_exhausted(spanned, pauses, 1'000'000, 59s, false));
  BOOST_CHECK(retries_exhausted(spanned, pauses, 1, 60s, false));
}

BOOST_AUTO_TEST_CASE(an_end_notice_is_attempted_four_times_at_most) {
  DeliveryOptions options;
  options.retry_count = 1000;
  BOOST_CHECK(!retries_exhausted(options, pauses, 3, 0s, true));
  BOOST_CHECK(retries_exhausted(options, pauses, 4, 0s, true));
}

BOOST_AUTO_TEST_SUITE_END()

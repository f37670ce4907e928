// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/read_ahead_limiter.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::chrono_literals;

namespace {

constexpr auto active_max = ReadAheadLimiter::active_max;

// Asked each millisecond while so many are delivered in each; the last answer.
bool after(ReadAheadLimiter& ahead, Duration time, std::size_t waiting, std::uint64_t each,
           MonoTime& now, std::uint64_t& delivered) {
  bool answer = false;
  for (Duration passed{0}; passed < time; passed += 1ms) {
    now += 1ms;
    delivered += each;
    answer = ahead.may_read(waiting, delivered, now);
  }
  return answer;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(read_ahead_limiter_tests)

BOOST_AUTO_TEST_CASE(few_active_deliveries_hold_up_nothing) {
  ReadAheadLimiter ahead;
  MonoTime now{};
  BOOST_CHECK(ahead.may_read(0, 0, now));
  BOOST_CHECK(ahead.may_read(active_max - 1, 0, now + 1ms));
}

BOOST_AUTO_TEST_CASE(while_there_is_enough_to_do_and_it_is_done_nothing_is_read) {
  ReadAheadLimiter ahead;
  MonoTime now{};
  std::uint64_t delivered = 0;
  const auto each = active_max / static_cast<std::size_t>(ReadAheadLimiter::horizon / 1ms) + 1;
  BOOST_CHECK(!after(ahead, 100ms, active_max, each, now, delivered));
  BOOST_CHECK(!after(ahead, 100ms, active_max * 100, each, now, delivered));
  BOOST_CHECK(after(ahead, 1ms, active_max - 1, each, now, delivered));
}

BOOST_AUTO_TEST_CASE(slow_callbacks_do_not_hold_up_the_others) {
  ReadAheadLimiter ahead;
  MonoTime now{};
  std::uint64_t delivered = 0;
  BOOST_CHECK(after(ahead, 100ms, active_max * 10, 0, now, delivered));
  BOOST_CHECK(after(ahead, 100ms, active_max * 10, 1, now, delivered));
}

BOOST_AUTO_TEST_CASE(
    callbacks_that_become_slow_hold_up_the_others_no_longer_than_it_is_looked_back) {
  ReadAheadLimiter ahead;
  MonoTime now{};
  std::uint64_t delivered = 0;
  BOOST_CHECK(!after(ahead, 100ms, active_max * 2, 1000, now, delivered));
  BOOST_CHECK(
      after(ahead, ReadAheadLimiter::measured_span + 5ms, active_max * 2, 0, now, delivered));
}

BOOST_AUTO_TEST_CASE(after_a_rest_nothing_is_read_before_it_is_known_how_fast_they_are) {
  ReadAheadLimiter ahead;
  MonoTime now{};
  std::uint64_t delivered = 0;
  BOOST_CHECK(after(ahead, 10ms, 0, 0, now, delivered));
  now += 1h;
  BOOST_CHECK(!ahead.may_read(active_max * 2, delivered, now));
  BOOST_CHECK(!after(ahead, ReadAheadLimiter::measured_span, active_max * 2, 1000, now, delivered));
}

// A checkpoint takes so long, during which nothing is acknowledged.
BOOST_AUTO_TEST_CASE(time_in_which_nothing_could_be_delivered_does_not_count) {
  ReadAheadLimiter ahead;
  MonoTime now{};
  std::uint64_t delivered = 0;
  for (int i = 0; i < 10; ++i) {
    BOOST_CHECK(!after(ahead, 40ms, active_max * 2, 1000, now, delivered));
    now += 300ms;
  }
}

BOOST_AUTO_TEST_CASE(without_enough_samples_reading_is_not_held_for_ever) {
  ReadAheadLimiter ahead;
  MonoTime now{};
  bool allowed = false;
  Duration waited{0};
  for (; !allowed && waited < 10s; waited += 30ms)
    allowed = ahead.may_read(active_max, 0, now + waited);
  BOOST_CHECK(allowed);
  BOOST_CHECK(waited >= ReadAheadLimiter::hold_max && waited < ReadAheadLimiter::hold_max * 2);
}

BOOST_AUTO_TEST_SUITE_END()

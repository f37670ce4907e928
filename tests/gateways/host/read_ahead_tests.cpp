#include "gateways/host/read_ahead.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::chrono_literals;

namespace {

constexpr auto enough = ReadAhead::waiting_enough;

// Asked each millisecond while so many are delivered in each; the last answer.
bool after(ReadAhead& ahead, Duration time, std::size_t waiting, std::uint64_t each, MonoTime& now,
           std::uint64_t& delivered) {
  bool answer = false;
  for (Duration passed{0}; passed < time; passed += 1ms) {
    now += 1ms;
    delivered += each;
    answer = ahead.may_read(waiting, delivered, now);
  }
  return answer;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(read_ahead_tests)

BOOST_AUTO_TEST_CASE(few_that_wait_hold_up_nothing) {
  ReadAhead ahead;
  MonoTime now{};
  BOOST_TEST(ahead.may_read(0, 0, now));
  BOOST_TEST(ahead.may_read(enough - 1, 0, now + 1ms));
}

BOOST_AUTO_TEST_CASE(what_will_be_gone_in_a_moment_goes_first) {
  ReadAhead ahead;
  MonoTime now{};
  std::uint64_t delivered = 0;
  const auto waiting = enough * 2;
  // As fast as is just needed to be done within the moment, and a little more.
  const auto each = waiting / static_cast<std::size_t>(ReadAhead::moment / 1ms) + 2;
  BOOST_TEST(!after(ahead, 100ms, waiting, each, now, delivered));
  BOOST_TEST(after(ahead, 1ms, enough - 1, each, now, delivered));
}

BOOST_AUTO_TEST_CASE(dead_and_slow_callbacks_do_not_hold_up_the_others) {
  ReadAhead ahead;
  MonoTime now{};
  std::uint64_t delivered = 0;
  BOOST_TEST(after(ahead, 100ms, enough * 10, 0, now, delivered));
  BOOST_TEST(after(ahead, 100ms, enough * 10, 1, now, delivered));
}

BOOST_AUTO_TEST_CASE(a_callback_that_dies_holds_up_the_others_no_longer_than_it_is_looked_back) {
  ReadAhead ahead;
  MonoTime now{};
  std::uint64_t delivered = 0;
  BOOST_TEST(!after(ahead, 100ms, enough * 2, 1000, now, delivered));
  BOOST_TEST(after(ahead, ReadAhead::look_back + 5ms, enough * 2, 0, now, delivered));
}

BOOST_AUTO_TEST_CASE(after_a_rest_one_batch_is_read_before_it_is_known_how_fast_they_are) {
  ReadAhead ahead;
  MonoTime now{};
  std::uint64_t delivered = 0;
  BOOST_TEST(after(ahead, 10ms, 0, 0, now, delivered));
  now += 1h;
  BOOST_TEST(ahead.may_read(enough * 2, delivered, now));
  BOOST_TEST(!after(ahead, ReadAhead::look_back, enough * 2, 1000, now, delivered));
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue/attempt_queue.hpp"

#include <boost/test/unit_test.hpp>

#include "gateways/host/engine/queue/queue_defaults.hpp"

using namespace sense;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  AttemptQueue queue;
  AttemptQueue::Limits limits{2};
  MonoTime now{1h};

  std::optional<std::uint64_t> begin(std::optional<std::uint32_t> rate = std::nullopt) {
    const auto key = queue.next(limits, now);
    if (key) queue.begin(rate, now);
    return key;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(attempt_queue_tests, Fixture)

BOOST_AUTO_TEST_CASE(nothing_is_due_in_an_empty_queue) {
  BOOST_CHECK(!begin());
  BOOST_CHECK(!queue.next_due(limits, now));
  BOOST_CHECK(!queue.next_release());
  BOOST_CHECK(!queue.next_released(now));
  BOOST_CHECK(!queue.first_fresh() && !queue.last_fresh());
  BOOST_CHECK_EQUAL(queue.active(), 0U);
}

BOOST_AUTO_TEST_CASE(fresh_ones_come_in_order_and_no_more_than_the_window_at_once) {
  for (std::uint64_t key = 1; key <= 3; ++key) queue.push(key);
  BOOST_CHECK(begin() == 1U);
  BOOST_CHECK(begin() == 2U);
  BOOST_CHECK(!begin());
  BOOST_CHECK(!queue.next_due(limits, now));  // only an outcome makes it due
  BOOST_CHECK_EQUAL(queue.active(), 3U);
  queue.end();
  BOOST_CHECK(queue.next_due(limits, now) == now);
  BOOST_CHECK(begin() == 3U);
}

BOOST_AUTO_TEST_CASE(a_retry_comes_at_its_time_and_before_fresh_ones) {
  queue.push(1);
  queue.retry(2, now + 1s);
  limits.window = 9;
  BOOST_CHECK(begin() == 1U);
  queue.push(3);
  BOOST_CHECK(queue.next_due(limits, now) == now);
  now += 1s - 1us;
  limits.fresh_from = MonoTime::max();
  BOOST_CHECK(!begin());
  BOOST_CHECK(queue.next_due(limits, now) == now + 1us);
  limits.fresh_from = MonoTime::min();
  now += 1us;
  BOOST_CHECK(begin() == 2U);
  BOOST_CHECK(begin() == 3U);
}

BOOST_AUTO_TEST_CASE(fresh_ones_wait_behind_too_many_retries) {
  limits.window = 1;
  for (std::uint64_t key = 1; key < QueueDefaults::retrying_windows; ++key)
    queue.retry(key, now + 1h);
  queue.push(100);
  queue.push(101);
  BOOST_CHECK(begin() == 100U);
  queue.end();
  queue.retry(100, now + 2h);
  BOOST_CHECK(!begin());
  BOOST_CHECK(queue.next_due(limits, now) == now + 1h);
}

BOOST_AUTO_TEST_CASE(the_rate_spaces_attempts_of_all_kinds) {
  queue.push(1);
  queue.push(2);
  queue.retry(3, now);
  BOOST_CHECK(begin(4) == 3U);
  BOOST_CHECK(!begin(4));
  BOOST_CHECK(queue.waits(now));
  BOOST_CHECK(queue.next_due(limits, now) == now + 250ms);
  now += 250ms;
  BOOST_CHECK(!queue.waits(now));
  BOOST_CHECK(begin(4) == 1U);
  queue.end();
  queue.wait_until(now + 5s);
  BOOST_CHECK(queue.next_due(limits, now) == now + 5s);
}

BOOST_AUTO_TEST_CASE(a_probe_is_one_at_a_time_due_or_not_and_not_before_its_own_time) {
  limits.probing = true;
  limits.next_probe = now + 60s;
  queue.push(1);
  queue.retry(2, now + 1h);
  queue.retry(3, now + 2h);
  BOOST_CHECK(!begin());
  BOOST_CHECK(queue.next_due(limits, now) == now + 60s);
  now += 60s;
  BOOST_CHECK(begin() == 2U);
  BOOST_CHECK(!begin());
  BOOST_CHECK(!queue.next_due(limits, now));
  queue.end();
  BOOST_CHECK(begin() == 3U);
  queue.end();
  BOOST_CHECK(begin() == 1U);
  queue.end();
  BOOST_CHECK(!begin());
}

BOOST_AUTO_TEST_CASE(a_probe_is_not_kept_back_by_too_many_retries) {
  limits.window = 1;
  limits.probing = true;
  for (std::uint64_t key = 1; key <= 2 * QueueDefaults::retrying_windows; ++key)
    queue.retry(key, now + 1h);
  BOOST_CHECK(begin() == 1U);
}

BOOST_AUTO_TEST_CASE(the_first_of_a_window_waits_for_its_interval) {
  queue.push(1);
  limits.fresh_from = now + 10s;
  BOOST_CHECK(!begin());
  BOOST_CHECK(queue.next_due(limits, now) == now + 10s);
  queue.retry(2, now);  // which retries do not
  BOOST_CHECK(begin() == 2U);
}

BOOST_AUTO_TEST_CASE(what_is_held_is_released_by_time_and_once) {
  queue.hold(1, now + 2s);
  queue.hold(2, now + 1s);
  BOOST_CHECK(queue.next_release() == now + 1s);
  BOOST_CHECK(!queue.next_released(now + 1s - 1us));
  BOOST_CHECK(queue.next_released(now + 2s) == 2U);
  BOOST_CHECK(queue.next_released(now + 2s) == 1U);
  BOOST_CHECK(!queue.next_released(now + 2s));
  BOOST_CHECK_EQUAL(queue.active(), 0U);  // the caller decides what becomes of them
}

BOOST_AUTO_TEST_CASE(all_retries_become_due_at_once) {
  queue.retry(2, now + 2h);
  queue.retry(1, now + 3h);
  BOOST_CHECK((queue.retry_all(now) == std::vector<std::uint64_t>{2, 1}));
  BOOST_CHECK(begin() == 1U);
  BOOST_CHECK(begin() == 2U);
}

BOOST_AUTO_TEST_CASE(a_long_queue_stays_in_order) {
  std::uint64_t pushed = 0, taken = 0;
  while (taken < 10'000) {
    for (int i = 0; i < 3 && pushed < 10'000; ++i) {
      queue.push(++pushed);
      BOOST_REQUIRE(queue.last_fresh() == pushed);
    }
    BOOST_REQUIRE(queue.first_fresh() == taken + 1);
    BOOST_REQUIRE(begin() == ++taken);
    queue.end();
    BOOST_REQUIRE_EQUAL(queue.active(), pushed - taken);
  }
}

BOOST_AUTO_TEST_SUITE_END()

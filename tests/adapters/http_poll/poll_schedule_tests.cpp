// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "adapters/http_poll/schedule.hpp"

using namespace sense;
using namespace sense::http_poll;
using namespace std::chrono_literals;

namespace {

constexpr PollBounds bounds{5s, 1h};

struct Fixture {
  Duration pause(Duration interval, unsigned failures = 0,
                 std::optional<Duration> wanted = std::nullopt) {
    return pause_after(interval, failures, wanted, bounds, random);
  }
  std::mt19937_64 random{1};
  const MonoTime start{1h};
};

using Numbers = std::vector<std::size_t>;

void check(const Numbers& found, const Numbers& expected) {
  BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), expected.begin(), expected.end());
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(poll_schedule_tests, Fixture)

BOOST_AUTO_TEST_CASE(without_failures_the_interval_holds_within_the_bounds) {
  BOOST_CHECK(pause(1min) == Duration(1min));
  BOOST_CHECK(pause(1s) == Duration(5s));
  BOOST_CHECK(pause(2h) == Duration(1h));
}

BOOST_AUTO_TEST_CASE(a_server_lengthens_the_interval_and_never_beyond_the_bound) {
  BOOST_CHECK(pause(1min, 0, 10min) == Duration(10min));
  BOOST_CHECK(pause(1min, 0, 1s) == Duration(1min));
  BOOST_CHECK(pause(1min, 0, 24h) == Duration(1h));
  BOOST_CHECK(pause(1min, 1, 30min) == Duration(30min));
}

BOOST_AUTO_TEST_CASE(failures_back_off_with_jitter_up_to_the_bound_and_end_with_a_success) {
  for (unsigned failures = 1; failures <= 40; ++failures) {
    const auto most = std::min<Duration>(1h, Duration(1min) * (1LL << std::min(failures, 20U)));
    for (int i = 0; i < 20; ++i) {
      const auto given = pause(1min, failures);
      BOOST_CHECK_LE(given.count(), most.count());
      BOOST_CHECK_GE(given.count(), most.count() / 2);
      BOOST_CHECK_GE(given.count(), Duration(1min).count());
    }
  }
  BOOST_CHECK(pause(1min) == Duration(1min));
}

BOOST_AUTO_TEST_CASE(the_jitter_is_that_of_its_seed_and_not_always_the_same) {
  std::mt19937_64 again{1};
  std::set<Duration> seen;
  for (int i = 0; i < 10; ++i) {
    const auto given = pause(1min, 3);
    BOOST_CHECK(given == pause_after(1min, 3, std::nullopt, bounds, again));
    seen.insert(given);
  }
  BOOST_CHECK_GT(seen.size(), 5U);
}

BOOST_AUTO_TEST_CASE(resources_come_in_the_order_of_their_times) {
  PollQueue queue({{"a", 30s}, {"b", 10s}, {"c", 20s}}, {10, 10}, bounds, 1, start);
  check(queue.begin(start), {0, 1, 2});
  BOOST_CHECK(!queue.next_after(start));
  for (std::size_t i = 0; i < 3; ++i) queue.succeeded(i, std::nullopt, start);
  check(queue.begin(start), {});
  BOOST_CHECK(queue.next_after(start) == start + 10s);
  check(queue.begin(start + 10s), {1});
  BOOST_CHECK(queue.next_after(start + 10s) == start + 20s);
  queue.succeeded(1, 1min, start + 11s);
  check(queue.begin(start + 30s), {2, 0});
  BOOST_CHECK(queue.next_after(start + 30s) == start + 71s);
}

BOOST_AUTO_TEST_CASE(no_more_are_asked_at_once_than_the_bounds_say) {
  PollQueue queue({{"a", 1h}, {"a", 1h}, {"a", 1h}, {"b", 1h}, {"c", 1h}}, {3, 2}, bounds, 1,
                  start);
  check(queue.begin(start), {0, 1, 3});  // the third of a server waits, and does not hold up others
  check(queue.begin(start), {});
  queue.succeeded(3, std::nullopt, start);
  check(queue.begin(start), {4});
  queue.failed(0, std::nullopt, start);
  check(queue.begin(start), {2});
  BOOST_CHECK_EQUAL(queue.asked(), 3U);
}

// A day of one resource, whose server is down for four hours of it.
BOOST_AUTO_TEST_CASE(after_an_outage_the_interval_holds_again) {
  PollQueue queue({{"a", 1min}}, {16, 2}, bounds, 1, start);
  unsigned before = 0, meanwhile = 0, afterwards = 0;
  auto now = start;
  while (now < start + 24h) {
    check(queue.begin(now), {0});
    const bool down = now >= start + 10h && now < start + 14h;
    ++(down ? meanwhile : now < start + 10h ? before : afterwards);
    if (down)
      queue.failed(0, std::nullopt, now);
    else
      queue.succeeded(0, std::nullopt, now);
    const auto next = queue.next_after(now);
    BOOST_REQUIRE(next && *next > now && *next <= now + bounds.max);
    now = *next;
  }
  BOOST_CHECK_EQUAL(before, 600U);
  BOOST_CHECK_GE(meanwhile, 9U);
  BOOST_CHECK_LE(meanwhile, 18U);
  BOOST_CHECK_GE(afterwards, 540U);
  BOOST_CHECK_LE(afterwards, 600U);
}

BOOST_AUTO_TEST_SUITE_END()

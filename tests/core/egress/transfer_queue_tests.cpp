// SPDX-License-Identifier: Apache-2.0
#include "core/egress/transfer_queue.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::chrono_literals;

namespace {

constexpr MonoTime start{1h};

TransferQueue::Limits limits(std::size_t in_flight) {
  TransferQueue::Limits result;
  result.in_flight = in_flight;
  result.in_flight_per_endpoint = 8;
  result.waiting_per_endpoint = 100;
  result.idle_endpoints = 4;
  result.waiting = 30s;
  return result;
}

std::vector<TransferQueue::Id> begin_all(TransferQueue& queue) {
  std::vector<TransferQueue::Id> ids;
  while (const auto id = queue.next()) ids.push_back(*id);
  return ids;
}

void push(TransferQueue& queue, const std::string& endpoint, TransferQueue::Id first, int count) {
  for (int i = 0; i < count; ++i)
    BOOST_REQUIRE(queue.push(first + static_cast<TransferQueue::Id>(i), endpoint, start));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(transfer_queue_tests)

BOOST_AUTO_TEST_CASE(endpoints_take_turns) {
  TransferQueue queue(limits(100));
  push(queue, "a", 1, 3);
  push(queue, "b", 11, 3);
  const std::vector<TransferQueue::Id> expected = {1, 11, 2, 12, 3, 13};
  BOOST_TEST(begin_all(queue) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_endpoint_has_its_requests_begun_in_order) {
  TransferQueue queue(limits(100));
  push(queue, "a", 1, 20);
  std::vector<TransferQueue::Id> begun;
  while (begun.size() < 20) {
    const auto now = begin_all(queue);
    begun.insert(begun.end(), now.begin(), now.end());
    for (std::size_t i = 0; i < now.size(); ++i) queue.finished("a", true);
  }
  BOOST_CHECK(std::is_sorted(begun.begin(), begun.end()));
}

BOOST_AUTO_TEST_CASE(a_new_endpoint_starts_with_few_and_earns_more) {
  TransferQueue queue(limits(100));
  push(queue, "a", 1, 50);
  BOOST_CHECK_EQUAL(begin_all(queue).size(), TransferQueue::first_limit);
  queue.finished("a", true);
  BOOST_CHECK_EQUAL(begin_all(queue).size(), 8 - (TransferQueue::first_limit - 1));
  queue.finished("a", true);
  BOOST_CHECK_EQUAL(begin_all(queue).size(), 1U);  // its limit
}

BOOST_AUTO_TEST_CASE(an_endpoint_is_unanswered_after_an_attempt_without_a_reply) {
  TransferQueue queue(limits(100));
  BOOST_CHECK(!queue.unanswered("a"));
  push(queue, "a", 1, 1);
  BOOST_CHECK(!queue.unanswered("a"));
  for (const bool answered : {false, false, true, false, true}) {
    (void)begin_all(queue);
    queue.finished("a", answered);
    BOOST_CHECK_EQUAL(queue.unanswered("a"), !answered);
    push(queue, "a", 2, 1);
  }
}

BOOST_AUTO_TEST_CASE(a_silent_endpoint_gets_one_at_a_time) {
  TransferQueue queue(limits(100));
  push(queue, "a", 1, 20);
  const auto begun = begin_all(queue);
  for (std::size_t i = 0; i < begun.size(); ++i) queue.finished("a", false);
  BOOST_CHECK_EQUAL(begin_all(queue).size(), 1U);
  queue.finished("a", true);
  BOOST_CHECK_GT(begin_all(queue).size(), 1U);
}

BOOST_AUTO_TEST_CASE(silent_endpoints_leave_half_of_the_places_to_the_others) {
  TransferQueue queue(limits(10));
  push(queue, "good", 1, 1);
  BOOST_CHECK_EQUAL(begin_all(queue).size(), 1U);
  queue.finished("good", true);
  for (int i = 0; i < 50; ++i) push(queue, "dead" + std::to_string(i), 100U + 10U * unsigned(i), 5);
  BOOST_CHECK_EQUAL(begin_all(queue).size(), 5U);  // half of ten
  push(queue, "good", 10, 3);
  const auto begun = begin_all(queue);
  const std::vector<TransferQueue::Id> expected = {10, 11, 12};
  BOOST_TEST(begun == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(in_flight_never_passes_the_limit) {
  TransferQueue queue(limits(6));
  for (int e = 0; e < 5; ++e) {
    const auto name = "e" + std::to_string(e);
    push(queue, name, 1000U * unsigned(e) + 1, 1);
  }
  for (int e = 0; e < 5; ++e) {
    while (queue.next()) {
    }
    BOOST_CHECK_LE(queue.in_flight(), 6U);
    queue.finished("e" + std::to_string(e), true);
  }
  BOOST_CHECK_EQUAL(queue.in_flight(), 0U);
}

BOOST_AUTO_TEST_CASE(too_many_waiting_for_one_endpoint_are_refused_and_others_are_not) {
  TransferQueue queue(limits(2));
  push(queue, "a", 1, 100);
  const auto refused = queue.push(101, "a", start);
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == Code::nomoreroom);
  BOOST_CHECK(queue.push(102, "b", start).has_value());
}

BOOST_AUTO_TEST_CASE(what_waits_too_long_is_given_back) {
  TransferQueue queue(limits(2));
  push(queue, "a", 1, 3);
  BOOST_CHECK_EQUAL(begin_all(queue).size(), 1U);  // half of two
  BOOST_CHECK(queue.expire(start + 29s).empty());
  const std::vector<TransferQueue::Id> expected = {2, 3};
  BOOST_TEST(queue.expire(start + 30s) == expected, boost::test_tools::per_element());
  BOOST_CHECK(!queue.next());
  queue.finished("a", false);
  BOOST_CHECK(!queue.next());
}

BOOST_AUTO_TEST_CASE(idle_endpoints_are_forgotten_beyond_a_limit) {
  TransferQueue queue(limits(100));
  for (int e = 0; e < 50; ++e) {
    const auto name = "e" + std::to_string(e);
    push(queue, name, unsigned(e) + 1, 1);
    BOOST_REQUIRE(queue.next());
    queue.finished(name, true);
  }
  BOOST_CHECK_LE(queue.endpoints(), 5U);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/fair_queue.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

using namespace sense;

namespace {

using Queue = FairQueue<std::string>;
using Strings = std::vector<std::string>;

constexpr Queue::Limits roomy{2'000, 1 << 20, 1 << 20};
constexpr auto any = [](const std::string&) { return true; };

bool put(Queue& queue, const std::string& principal, const std::string& client, std::string item,
         std::size_t octets = 1) {
  return queue.put(principal, client, item, octets);
}

Strings take_all(Queue& queue) {
  Strings taken;
  while (auto item = queue.take(any)) taken.push_back(std::move(*item));
  return taken;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fair_queue_tests)

BOOST_AUTO_TEST_CASE(one_item_behind_a_thousand_of_another_principal_is_second) {
  Queue queue(roomy);
  for (int i = 0; i < 1'024; ++i) BOOST_REQUIRE(put(queue, "A", "a", "A" + std::to_string(i)));
  BOOST_REQUIRE(put(queue, "B", "b", "B"));
  BOOST_CHECK_EQUAL(queue.take(any).value(), "A0");
  BOOST_CHECK_EQUAL(queue.take(any).value(), "B");
  const auto rest = take_all(queue);
  BOOST_CHECK_EQUAL(rest.size(), 1'023u);
  BOOST_CHECK_EQUAL(rest.front(), "A1");
  BOOST_CHECK_EQUAL(rest.back(), "A1023");
  BOOST_CHECK(queue.empty());
  BOOST_CHECK_EQUAL(queue.octets(), 0u);
}

BOOST_AUTO_TEST_CASE(who_asks_one_by_one_waits_for_one_item_of_each_other_principal) {
  Queue queue(roomy);
  for (const std::string principal : {"A", "C", "D"})
    for (int i = 0; i < 100; ++i) BOOST_REQUIRE(put(queue, principal, "c", principal));
  for (int turn = 0; turn < 50; ++turn) {
    BOOST_REQUIRE(put(queue, "B", "b", "B"));
    std::multiset<std::string> before;
    for (auto item = queue.take(any).value(); item != "B"; item = queue.take(any).value())
      before.insert(item);
    for (const std::string principal : {"A", "C", "D"})
      BOOST_REQUIRE_LE(before.count(principal), 1u);
  }
}

BOOST_AUTO_TEST_CASE(clients_of_one_principal_share_its_turn_and_keep_their_order) {
  Queue queue(roomy);
  for (const auto* item : {"a1", "a2", "a3"}) BOOST_REQUIRE(put(queue, "A", "a", item));
  for (const auto* item : {"b1", "b2"}) BOOST_REQUIRE(put(queue, "A", "b", item));
  BOOST_REQUIRE(put(queue, "B", "c", "c1"));
  BOOST_TEST(take_all(queue) == (Strings{"a1", "c1", "b1", "a2", "b2", "a3"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(client_that_is_not_ready_delays_no_other_and_keeps_its_place) {
  Queue queue(roomy);
  for (const auto* item : {"deaf1", "deaf2"}) BOOST_REQUIRE(put(queue, "A", "deaf", item));
  for (const auto* item : {"a1", "a2"}) BOOST_REQUIRE(put(queue, "A", "other", item));
  BOOST_REQUIRE(put(queue, "B", "b", "b1"));
  const auto hears = [](const std::string& item) { return !item.starts_with("deaf"); };
  Strings taken;
  while (auto item = queue.take(hears)) taken.push_back(std::move(*item));
  BOOST_TEST(taken == (Strings{"a1", "b1", "a2"}), boost::test_tools::per_element());
  BOOST_CHECK(!queue.empty());
  BOOST_REQUIRE(put(queue, "A", "other", "a3"));
  BOOST_CHECK_EQUAL(queue.take(any).value(), "deaf1");
  BOOST_CHECK_EQUAL(queue.take(any).value(), "a3");
  BOOST_CHECK_EQUAL(queue.take(any).value(), "deaf2");
}

BOOST_AUTO_TEST_CASE(ready_is_asked_once_for_each_client) {
  Queue queue(roomy);
  for (int i = 0; i < 10; ++i) BOOST_REQUIRE(put(queue, "A", "a", "x"));
  for (int i = 0; i < 10; ++i) BOOST_REQUIRE(put(queue, "A", "b", "x"));
  int asked = 0;
  BOOST_CHECK(!queue.take([&](const std::string&) { return ++asked > 1'000; }));
  BOOST_CHECK_EQUAL(asked, 2);
}

BOOST_AUTO_TEST_CASE(number_and_octets_of_a_principal_are_bounded_and_come_free) {
  Queue queue({3, 100, 1'000});
  for (int i = 0; i < 3; ++i) BOOST_CHECK(put(queue, "A", "a" + std::to_string(i), "x", 10));
  std::string kept = "kept";
  BOOST_CHECK(!queue.put("A", "a9", kept, 1));
  BOOST_CHECK_EQUAL(kept, "kept");
  BOOST_CHECK(put(queue, "B", "b", "x", 60));
  BOOST_CHECK(!put(queue, "B", "b", "x", 41));
  BOOST_CHECK(put(queue, "B", "b", "x", 40));
  BOOST_CHECK_EQUAL(queue.octets(), 130u);
  BOOST_CHECK_EQUAL(take_all(queue).size(), 5u);
  BOOST_CHECK(put(queue, "A", "a", "x", 100));
}

BOOST_AUTO_TEST_CASE(octets_of_all_are_bounded_but_for_the_first_item_of_a_principal) {
  Queue queue({100, 100, 150});
  BOOST_CHECK(put(queue, "A", "a", "x", 100));
  BOOST_CHECK(put(queue, "B", "b", "x", 50));
  BOOST_CHECK(!put(queue, "B", "b", "x", 1));
  BOOST_CHECK(put(queue, "C", "c", "x", 500));
  BOOST_CHECK(!put(queue, "C", "c", "x", 1));
  BOOST_CHECK_EQUAL(queue.octets(), 650u);
}

BOOST_AUTO_TEST_CASE(items_of_a_client_that_has_gone_are_dropped) {
  Queue queue({4, 100, 100});
  for (const auto* item : {"a1", "a2", "a3"}) BOOST_REQUIRE(put(queue, "A", "a", item, 20));
  BOOST_REQUIRE(put(queue, "A", "b", "b1", 20));
  BOOST_TEST(queue.drop("A", "a") == (Strings{"a1", "a2", "a3"}), boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(queue.octets(), 20u);
  BOOST_CHECK(queue.drop("A", "a").empty());
  BOOST_CHECK(queue.drop("B", "a").empty());
  BOOST_CHECK_EQUAL(queue.drop("A", "b").size(), 1u);
  BOOST_CHECK(queue.empty());
  for (int i = 0; i < 4; ++i) BOOST_CHECK(put(queue, "A", "a", "again", 25));
}

BOOST_AUTO_TEST_SUITE_END()

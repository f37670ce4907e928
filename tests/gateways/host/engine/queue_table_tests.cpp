// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue_table.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

#include "gateways/host/engine/attempts.hpp"
#include "tests/gateways/make.hpp"

using sense::Lane;
using sense::LaneTable;
using sense::Tickets;
using sense::testing::ref;
using sense::testing::subscription_of;

BOOST_AUTO_TEST_SUITE(queue_table_tests)

BOOST_AUTO_TEST_CASE(what_was_added_is_found_and_what_was_removed_is_not) {
  LaneTable table;
  std::map<std::string, std::uint32_t> model;  // id, handle
  std::mt19937 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const auto id = "s-" + std::to_string(random() % 700);
    auto* lane = table.find(id);
    BOOST_REQUIRE_EQUAL(lane != nullptr, model.contains(id));
    if (lane == nullptr) {
      model[id] = table.add(ref(subscription_of(id, {}))).handle;
    } else {
      BOOST_REQUIRE_EQUAL(lane->handle, model[id]);
      BOOST_REQUIRE_EQUAL(lane->subscription->id, id);
      if (random() % 2 == 0) {
        table.remove(*lane);
        BOOST_REQUIRE(table.find(model[id]) == nullptr);
        model.erase(id);
      }
    }
    BOOST_REQUIRE_EQUAL(table.size(), model.size());
  }
  for (const auto& [id, handle] : model) BOOST_CHECK_EQUAL(table.at(handle).subscription->id, id);
  std::size_t seen = 0;
  table.for_each(
      [&](const Lane& lane) { seen += model.contains(lane.subscription->id) ? 1U : 0U; });
  BOOST_CHECK_EQUAL(seen, model.size());
}

BOOST_AUTO_TEST_CASE(a_lane_stays_where_it_is_and_its_handle_is_given_again) {
  LaneTable table;
  auto& first = table.add(ref(subscription_of("s-1", {})));
  first.next_number = 7;
  for (int i = 0; i < 1000; ++i) table.add(ref(subscription_of("t-" + std::to_string(i), {})));
  BOOST_CHECK(table.find("s-1") == &first);
  const auto handle = first.handle;
  table.remove(first);
  const auto& second = table.add(ref(subscription_of("s-2", {})));
  BOOST_CHECK_EQUAL(second.handle, handle);
  BOOST_CHECK_EQUAL(second.next_number, 1U);
}

BOOST_AUTO_TEST_CASE(a_ticket_is_good_once) {
  Tickets tickets;
  BOOST_CHECK(tickets.find(0) == nullptr);
  const auto first = tickets.open({1, 10});
  BOOST_REQUIRE(tickets.find(first) != nullptr);
  BOOST_CHECK_EQUAL(tickets.find(first)->key, 10U);
  BOOST_CHECK(tickets.close(first));
  BOOST_CHECK(!tickets.close(first));
  const auto second = tickets.open({2, 20});
  BOOST_CHECK(tickets.find(first) == nullptr);
  BOOST_CHECK_EQUAL(tickets.find(second)->lane, 2U);
  BOOST_CHECK(!tickets.close(second + 1));
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue_table.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

#include "gateways/host/engine/queue/attempts.hpp"
#include "tests/gateways/make.hpp"

using sense::Attempts;
using sense::QueueTable;
using sense::SubscriptionQueue;
using sense::testing::ref;
using sense::testing::subscription_of;

BOOST_AUTO_TEST_SUITE(queue_table_tests)

BOOST_AUTO_TEST_CASE(what_was_added_is_found_and_what_was_removed_is_not) {
  QueueTable table;
  std::map<std::string, std::uint32_t> model;  // id, handle
  std::mt19937 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const auto id = "s-" + std::to_string(random() % 700);
    auto* queue = table.find(id);
    BOOST_REQUIRE_EQUAL(queue != nullptr, model.contains(id));
    if (queue == nullptr) {
      model[id] = table.add(ref(subscription_of(id, {}))).facts().handle;
    } else {
      BOOST_REQUIRE_EQUAL(queue->facts().handle, model[id]);
      BOOST_REQUIRE_EQUAL(queue->facts().subscription->id, id);
      if (random() % 2 == 0) {
        table.remove(*queue);
        BOOST_REQUIRE(table.find(model[id]) == nullptr);
        model.erase(id);
      }
    }
    BOOST_REQUIRE_EQUAL(table.size(), model.size());
  }
  for (const auto& [id, handle] : model)
    BOOST_CHECK_EQUAL(table.at(handle).facts().subscription->id, id);
  std::size_t seen = 0;
  table.for_each([&](const SubscriptionQueue& queue) {
    seen += model.contains(queue.facts().subscription->id) ? 1U : 0U;
  });
  BOOST_CHECK_EQUAL(seen, model.size());
}

BOOST_AUTO_TEST_CASE(a_queue_has_a_stable_address_and_its_handle_is_reused) {
  QueueTable table;
  auto& first = table.add(ref(subscription_of("s-1", {})));
  sense::SavedQueue saved;
  saved.next_number = 7;
  first.restore(saved);
  for (int i = 0; i < 1000; ++i) table.add(ref(subscription_of("t-" + std::to_string(i), {})));
  BOOST_CHECK(table.find("s-1") == &first);
  const auto handle = first.facts().handle;
  table.remove(first);
  const auto& second = table.add(ref(subscription_of("s-2", {})));
  BOOST_CHECK_EQUAL(second.facts().handle, handle);
  BOOST_CHECK_EQUAL(second.facts().next_number, 1U);
}

BOOST_AUTO_TEST_CASE(an_attempt_id_is_valid_once) {
  Attempts attempts;
  BOOST_CHECK(attempts.find(0) == nullptr);
  const auto first = attempts.open({1, 10});
  BOOST_REQUIRE(attempts.find(first) != nullptr);
  BOOST_CHECK_EQUAL(attempts.find(first)->key, 10U);
  BOOST_CHECK(attempts.close(first));
  BOOST_CHECK(!attempts.close(first));
  const auto second = attempts.open({2, 20});
  BOOST_CHECK(attempts.find(first) == nullptr);
  BOOST_CHECK_EQUAL(attempts.find(second)->queue, 2U);
  BOOST_CHECK(!attempts.close(second + 1));
}

BOOST_AUTO_TEST_SUITE_END()

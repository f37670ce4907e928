// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/waiting_budget.hpp"

#include "tests/gateways/stored_fixture.hpp"

// What one owner may have waiting in all its subscriptions together.
using sense::Attempt;
using sense::Code;
using sense::Engine;
using sense::SubscriptionState;
using sense::WaitingBudget;
using sense::testing::event_of;
using sense::testing::subscription_of;

namespace {

struct WaitingFixture : sense::testing::StoredFixture {
  // An owner may have so many deliveries waiting.
  void limit(std::size_t waiting, std::uint64_t octets = 0) {
    defaults.owner_waiting_max = waiting;
    defaults.owner_octets_max = octets;
    engine = Engine(defaults, 1);
  }
  void put_paused(const char* id, const char* owner,
                  SubscriptionState state = SubscriptionState::paused) {
    auto subscription = subscription_of(id, {type});
    subscription.owner = owner;
    subscription.state = state;
    put(subscription);
  }
  void publish_octets(std::size_t octets) {
    auto made = event_of(type, ++sequence);
    made.data = std::string(octets, 'x');
    publish(std::make_shared<const sense::Event>(made));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(waiting_budget_tests, WaitingFixture)

BOOST_AUTO_TEST_CASE(owner_that_uses_up_its_room_takes_none_of_anothers) {
  limit(5);
  put_paused("s-1", "ada");
  put_paused("s-2", "ada");
  put_paused("s-3", "grace");
  publish(4);
  BOOST_CHECK_EQUAL(engine.waiting_for("s-1") + engine.waiting_for("s-2"), 5U);
  BOOST_CHECK_EQUAL(engine.waiting_for("s-3"), 4U);
  BOOST_REQUIRE_EQUAL(dead.size(), 3U);
  BOOST_CHECK_EQUAL(dead[0].reason, "overflow");
  BOOST_CHECK_EQUAL(dead[0].subscription, "s-2");
  BOOST_CHECK_EQUAL(engine.totals().over_owner, 3U);
  BOOST_CHECK_EQUAL(engine.totals().overflowed, 3U);
}

BOOST_AUTO_TEST_CASE(what_has_no_room_is_told_as_a_gap) {
  limit(2);
  put_paused("s-1", "ada");
  publish(4);
  put_paused("s-1", "ada", SubscriptionState::active);
  (void)answer_next(Attempt::delivered());
  (void)answer_next(Attempt::delivered());
  const auto gap = next();
  BOOST_CHECK(gap.delivery->kind == sense::Delivery::Kind::gap);
  BOOST_CHECK_EQUAL(gap.delivery->number, 3U);
  BOOST_CHECK_EQUAL(gap.delivery->number_last, 4U);
}

BOOST_AUTO_TEST_CASE(octets_of_all_subscriptions_of_an_owner_are_bounded) {
  limit(0, 1000);
  put_paused("s-1", "ada");
  put_paused("s-2", "ada");
  publish_octets(400);
  BOOST_CHECK(dead.empty());
  publish_octets(150);
  BOOST_CHECK_EQUAL(dead.size(), 1U);
  publish_octets(50);
  BOOST_CHECK_EQUAL(dead.size(), 2U);
}

BOOST_AUTO_TEST_CASE(delivery_and_end_give_room_back) {
  limit(2);
  put_paused("s-1", "ada", SubscriptionState::active);
  put_paused("s-2", "ada");
  publish();
  BOOST_CHECK(dead.empty());
  publish();
  BOOST_CHECK_EQUAL(dead.size(), 2U);
  (void)answer_next(Attempt::delivered());
  publish();
  BOOST_CHECK_EQUAL(dead.size(), 3U);
  end("s-2");
  publish();
  BOOST_CHECK_EQUAL(dead.size(), 3U);
}

BOOST_AUTO_TEST_CASE(what_waits_goes_with_the_subscription_to_another_owner) {
  limit(2);
  put_paused("s-1", "ada");
  publish(2);
  put_paused("s-1", "grace");
  put_paused("s-2", "ada");
  put_paused("s-3", "grace");
  publish();
  BOOST_CHECK_EQUAL(engine.waiting_for("s-2"), 1U);
  BOOST_CHECK_EQUAL(engine.waiting_for("s-3"), 0U);
}

BOOST_AUTO_TEST_CASE(owners_without_a_queue_are_forgotten_and_their_places_used_again) {
  WaitingBudget budget;
  for (std::uint32_t round = 0; round < 3; ++round) {
    for (std::uint32_t queue = 0; queue < 10; ++queue) {
      budget.set_owner(queue, 1 + round * 10 + queue / 2, {});
      budget.add(queue, 5);
    }
    BOOST_CHECK_EQUAL(budget.owners(), 5U);
    BOOST_CHECK_EQUAL(budget.used(3).deliveries, 2U);
    BOOST_CHECK_EQUAL(budget.used(3).octets, 10U);
    for (std::uint32_t queue = 0; queue < 10; ++queue) {
      budget.remove(queue, 5);
      budget.set_owner(queue, 0, {});
    }
    BOOST_CHECK_EQUAL(budget.owners(), 0U);
  }
  budget.add(3, 5);  // of no owner with a budget
  BOOST_CHECK_EQUAL(budget.used(3).deliveries, 0U);
}

BOOST_AUTO_TEST_CASE(what_waited_before_a_crash_is_counted_after_it) {
  limit(2);
  put_paused("s-1", "ada");
  publish(2);
  store();
  crash();
  publish();
  BOOST_CHECK_EQUAL(dead.size(), 1U);
  BOOST_CHECK_EQUAL(engine.waiting_for("s-1"), 2U);
}

BOOST_AUTO_TEST_CASE(redrive_needs_room_of_the_owner) {
  limit(2);
  put_paused("s-1", "ada");
  put_paused("s-2", "ada");
  publish();
  const auto status = engine.redrive("s-1", event(), clock.now());
  BOOST_REQUIRE(!status);
  BOOST_CHECK(status.error().code == Code::nomoreroom);
}

BOOST_AUTO_TEST_CASE(subscriptions_of_the_configuration_have_no_owner_to_share_with) {
  limit(1);
  for (const auto* id : {"s-1", "s-2"}) {
    auto subscription = subscription_of(id, {type});
    subscription.owner = subscription.via = "config";
    subscription.state = SubscriptionState::paused;
    put(subscription);
  }
  publish(3);
  BOOST_CHECK(dead.empty());
}

BOOST_AUTO_TEST_CASE(clients_that_proved_nothing_share_by_the_host_of_their_callback) {
  limit(1);
  const auto put_at = [&](const char* id, const char* callback) {
    auto subscription = subscription_of(id, {type});
    subscription.owner = "anonymous";
    subscription.callback = callback;
    subscription.state = SubscriptionState::paused;
    put(subscription);
  };
  put_at("s-1", "https://one.example/a");
  put_at("s-2", "https://one.example:8443/b");
  put_at("s-3", "https://two.example/a");
  publish();
  BOOST_CHECK_EQUAL(engine.waiting_for("s-1") + engine.waiting_for("s-2"), 1U);
  BOOST_CHECK_EQUAL(engine.waiting_for("s-3"), 1U);
}

BOOST_AUTO_TEST_SUITE_END()

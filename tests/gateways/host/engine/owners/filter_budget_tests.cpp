// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/filter_budget.hpp"

#include "tests/gateways/stored_fixture.hpp"

// What the filters of one owner may take.
using sense::Attempt;
using sense::FilterBudget;
using sense::FilterSteps;
using sense::Subscription;
using sense::SubscriptionState;
using sense::testing::event_of;
using sense::testing::subscription_of;

namespace {

// Steps that are left of those lent.
FilterSteps after(FilterSteps lent, std::uint64_t taken) {
  (void)lent.spend(taken);
  return lent;
}

struct FilterFixture : sense::testing::StoredFixture {
  static constexpr std::uint64_t per_event = 10'000;

  FilterFixture() {
    defaults.owner_filter_steps = per_event;
    engine = sense::Engine(defaults, 1);
  }
  // Takes some 100,000 steps of each event.
  static Subscription dear(const std::string& id, const char* owner) {
    auto subscription = subscription_of(id, {type});
    subscription.owner = owner;
    subscription.filter =
        "NOT (subject LIKE '%aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_b%')";
    return subscription;
  }
  static Subscription cheap(const std::string& id, const char* owner) {
    auto subscription = subscription_of(id, {type});
    subscription.owner = owner;
    subscription.filter = "subject LIKE 'a%'";
    return subscription;
  }
  void publish_long(int count = 1) {
    for (int i = 0; i < count; ++i) {
      auto made = event_of(type, ++sequence);
      made.subject = std::string(2048, 'a');
      publish(std::make_shared<const sense::Event>(made));
    }
  }
  // Numbers of deliveries, all of which succeed.
  std::map<std::string, int> deliver_all() {
    std::map<std::string, int> count;
    while (!out.empty()) ++count[answer_next(Attempt::delivered()).delivery->subscription->id];
    return count;
  }
  // As the registry has it once the suspension is written.
  void write_suspensions() {
    for (const auto& wanted : std::exchange(suspensions, {})) {
      auto subscription = *engine.find(wanted.subscription);
      subscription.state = SubscriptionState::suspended;
      subscription.reason = wanted.reason;
      put(subscription);
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(filter_budget_tests, FilterFixture)

BOOST_AUTO_TEST_CASE(budget_is_saved_up_over_some_events_and_not_more) {
  FilterBudget budget(1000);
  budget.on_event();
  BOOST_CHECK_EQUAL(budget.lend(1).left, 16'000U);
  BOOST_CHECK(budget.take_back(1, after(budget.lend(1), 15'500)));
  BOOST_CHECK_EQUAL(budget.lend(1).left, 500U);
  BOOST_CHECK_EQUAL(budget.lend(2).left, 16'000U);
  budget.on_event();
  BOOST_CHECK_EQUAL(budget.lend(1).left, 1500U);
  for (int i = 0; i < 100; ++i) budget.on_event();
  BOOST_CHECK_EQUAL(budget.lend(1).left, 16'000U);
}

BOOST_AUTO_TEST_CASE(only_what_the_owner_has_no_steps_for_is_refused) {
  FilterBudget budget(100'000);
  const auto all = FilterSteps::of_one_evaluation;
  static_assert(all == 1'048'576);
  BOOST_CHECK_EQUAL(budget.lend(1).left, all);
  BOOST_CHECK(budget.take_back(1, after(budget.lend(1), all + 1)));  // an error of the filter
  BOOST_CHECK(!budget.take_back(1, after(budget.lend(1), all + 1)));
  BOOST_CHECK_EQUAL(budget.lend(1).left, FilterBudget::steps_always);
  BOOST_CHECK(budget.take_back(1, after(budget.lend(1), FilterBudget::steps_always)));
  BOOST_CHECK_EQUAL(budget.lend(0).left, all);
  BOOST_CHECK_EQUAL(FilterBudget(0).lend(1).left, all);
}

BOOST_AUTO_TEST_CASE(owners_whose_budget_is_whole_are_forgotten) {
  FilterBudget budget(1000);
  for (sense::OwnerKey owner = 1; owner < 100'000; ++owner) {
    if (owner % 10 == 0) budget.on_event();
    (void)budget.take_back(owner, after(budget.lend(owner), 1000));
  }
  BOOST_CHECK_LE(budget.owners(), 1024U);
}

BOOST_AUTO_TEST_CASE(dear_filters_of_one_owner_are_suspended_and_others_are_served_as_before) {
  for (int i = 0; i < 100; ++i) put(dear("s-dear-" + std::to_string(i), "ada"));
  put(cheap("s-cheap", "ada"));
  put(dear("s-grace", "grace"));
  put(cheap("s-alan", "alan"));
  publish_long(20);
  BOOST_CHECK_GE(suspensions.size(), 99U);
  for (const auto& suspension : suspensions) {
    BOOST_CHECK(suspension.suspended);
    BOOST_CHECK(suspension.reason.starts_with(sense::filter_too_dear));
    BOOST_CHECK_NE(suspension.subscription, "s-cheap");
    BOOST_CHECK_NE(suspension.subscription, "s-alan");
  }
  const auto delivered = deliver_all();
  BOOST_CHECK_EQUAL(delivered.at("s-cheap"), 20);
  BOOST_CHECK_EQUAL(delivered.at("s-alan"), 20);
}

BOOST_AUTO_TEST_CASE(suspended_one_is_told_of_once_and_matched_no_more) {
  for (int i = 0; i < 2; ++i) put(dear("s-" + std::to_string(i), "ada"));
  publish_long(50);
  BOOST_REQUIRE_EQUAL(suspensions.size(), 2U);
  (void)deliver_all();
  const auto matched = engine.totals().matched;
  write_suspensions();
  publish_long(50);
  BOOST_CHECK(suspensions.empty());
  BOOST_CHECK(out.empty());
  BOOST_CHECK_EQUAL(engine.totals().matched, matched);
}

BOOST_AUTO_TEST_CASE(what_was_matched_before_is_delivered_without_probing) {
  auto subscription = dear("s-1", "ada");
  subscription.delivery.window = 1;
  put(subscription);
  publish_long(1);
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  publish_long(30);
  BOOST_REQUIRE_EQUAL(suspensions.size(), 1U);
  write_suspensions();
  const auto waiting = engine.waiting_for("s-1");
  BOOST_CHECK_EQUAL(static_cast<std::size_t>(deliver_all().at("s-1")), waiting);
  BOOST_CHECK(suspensions.empty());  // what works does not resume it
}

BOOST_AUTO_TEST_CASE(owner_resumes_it_with_a_cheaper_filter) {
  put(dear("s-1", "ada"));
  publish_long(30);
  write_suspensions();
  (void)deliver_all();
  auto edited = cheap("s-1", "ada");
  edited.state = SubscriptionState::suspended;
  edited.reason = sense::filter_too_dear;
  put(edited);
  publish_long();
  BOOST_CHECK(out.empty());
  edited.state = SubscriptionState::active;
  edited.reason.clear();
  put(edited);
  publish_long();
  BOOST_CHECK_EQUAL(deliver_all().at("s-1"), 1);
}

// Both changes are in the registry before this gateway reads it, so it sees the last one alone.
BOOST_AUTO_TEST_CASE(owner_that_resumes_it_at_once_gets_events_again) {
  put(dear("s-1", "ada"));
  publish_long(30);
  BOOST_CHECK_EQUAL(suspensions.size(), 1U);
  (void)deliver_all();
  put(cheap("s-1", "ada"));
  publish_long();
  BOOST_CHECK_EQUAL(deliver_all().at("s-1"), 1);
}

BOOST_AUTO_TEST_CASE(suspension_survives_a_crash) {
  put(dear("s-1", "ada"));
  publish_long(30);
  write_suspensions();
  (void)deliver_all();
  store();
  crash();
  publish_long();
  BOOST_CHECK(out.empty());
  BOOST_CHECK(suspensions.empty());
}

BOOST_AUTO_TEST_CASE(filters_of_the_configuration_have_no_budget) {
  auto subscription = dear("s-1", "config");
  subscription.via = "config";
  put(subscription);
  publish_long(50);
  BOOST_CHECK(suspensions.empty());
  BOOST_CHECK_EQUAL(deliver_all().at("s-1"), 50);
}

BOOST_AUTO_TEST_SUITE_END()

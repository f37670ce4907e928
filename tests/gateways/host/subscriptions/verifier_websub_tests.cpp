// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/host/subscriptions/verifier_fixture.hpp"

using namespace sense::testing;
using namespace sense;
using namespace std::chrono_literals;
using Kind = WebSub::Intent::Kind;

namespace {

const WebSub::Intent longer{Kind::subscribe, 30min, websub_secret("next")};
const WebSub::Intent leave{Kind::unsubscribe, Duration{0}, ""};

struct WebSubFixture : VerifierFixture {
  Subscription websub(SubscriptionState state = SubscriptionState::active) {
    auto subscription = pending("w-1");
    subscription.callback = "http://127.0.0.1:8080/cb";
    subscription.period = 10min;
    subscription.expires = clock.now().wall + 10min;
    subscription.state = state;
    subscription.secrets.edit().current = websub_secret("first");
    subscription.websub.edit().topic = "http://e.example/t";
    keep(subscription);
    return subscription;
  }
  void change(const Subscription& before, const WebSub::Intent& intent) {
    auto after = before;
    after.websub.edit().intent = intent;
    keep(after);
    verifier.on_change(std::make_shared<const Subscription>(before), after);
    bus.run();
  }
  Subscription kept() {
    return *subscription_from_json(bus.entries.at({"subscription", "w-1"}).value);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(verifier_websub_tests, WebSubFixture)

BOOST_AUTO_TEST_CASE(it_is_active_only_when_its_callback_agrees) {
  gateway.hold = true;
  ask(websub(SubscriptionState::pending));
  BOOST_REQUIRE_EQUAL(gateway.callbacks.size(), 1U);
  BOOST_CHECK(state_of("w-1") == SubscriptionState::pending);
  gateway.held.at(0)({Outcome::verified, "yes"});
  bus.run();
  BOOST_CHECK(state_of("w-1") == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(it_ends_when_its_callback_refuses) {
  gateway.answer = {Outcome::refused, "HTTP 404"};
  ask(websub(SubscriptionState::pending));
  BOOST_CHECK_EQUAL(refused.size(), 1U);
}

BOOST_AUTO_TEST_CASE(each_is_asked_although_its_callback_is_remembered) {
  verified_callbacks.add("ada", "http://127.0.0.1:8080/cb", clock.now().wall);
  ask(websub(SubscriptionState::pending));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_refusal_does_not_take_other_consent_back) {
  verified_callbacks.add("ada", "http://127.0.0.1:8080/cb", clock.now().wall);
  gateway.answer = {Outcome::refused, "HTTP 404"};
  ask(websub(SubscriptionState::pending));
  BOOST_CHECK(verified_callbacks.contains("ada", "http://127.0.0.1:8080/cb", clock.now().wall));
}

BOOST_AUTO_TEST_CASE(a_renewal_that_is_agreed_to_replaces_lease_and_secret) {
  change(websub(), longer);
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 1U);
  BOOST_CHECK(kept().expires == clock.now().wall + 30min);
  BOOST_CHECK_EQUAL(kept().secrets->current, websub_secret("next"));
  BOOST_CHECK(!has_intent(kept()));
}

BOOST_AUTO_TEST_CASE(a_change_that_is_refused_leaves_it_as_it_was) {
  gateway.answer = {Outcome::refused, "HTTP 404"};
  for (const auto& intent : {longer, leave}) {
    const auto before = websub();
    change(before, intent);
    BOOST_CHECK(kept().state == SubscriptionState::active && !has_intent(kept()));
    BOOST_CHECK(kept().expires == before.expires && kept().secrets == before.secrets);
  }
  BOOST_CHECK(refused.empty());
}

BOOST_AUTO_TEST_CASE(a_change_that_cannot_be_asked_about_is_forgotten_in_the_end) {
  gateway.answer = {Outcome::failed, "HTTP 503"};
  change(websub(), leave);
  pass(25h);
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 4U);
  BOOST_CHECK(kept().state == SubscriptionState::active && !has_intent(kept()));
  BOOST_CHECK(refused.empty() && timers.empty());
}

BOOST_AUTO_TEST_CASE(an_unsubscription_that_is_agreed_to_ends_it) {
  change(websub(), leave);
  BOOST_CHECK(state_of("w-1") == SubscriptionState::ended);
  BOOST_CHECK(refused.empty());
}

// A peer that asks again and again in the name of a subscriber has it asked so often only.
BOOST_AUTO_TEST_CASE(changes_are_asked_about_within_the_budget) {
  gateway.answer = {Outcome::refused, "HTTP 404"};
  for (int i = 1; i <= 10; ++i)
    change(websub(), {Kind::subscribe, std::chrono::minutes{i}, websub_secret("")});
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 3U);
  BOOST_CHECK_GT(counters["gateway.verifications.no-room"].load(), 0U);
}

BOOST_AUTO_TEST_CASE(the_answer_to_a_former_request_settles_no_later_one) {
  gateway.hold = true;
  const auto before = websub();
  change(before, leave);
  auto with_leave = before;
  with_leave.websub.edit().intent = leave;
  change(with_leave, longer);
  BOOST_REQUIRE_EQUAL(gateway.held.size(), 2U);
  gateway.held.at(0)({Outcome::verified, "yes"});
  bus.run();
  BOOST_CHECK(kept().websub->intent == longer);
  gateway.held.at(1)({Outcome::verified, "yes"});
  bus.run();
  BOOST_CHECK(kept().state == SubscriptionState::active && !has_intent(kept()));
}

BOOST_AUTO_TEST_CASE(a_restart_asks_about_what_was_not_settled) {
  auto subscription = websub();
  subscription.websub.edit().intent = longer;
  keep(subscription);
  verifier.verify("w-1");
  bus.run();
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 1U);
  BOOST_CHECK(!has_intent(kept()));
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/host/subscriptions/verifier_fixture.hpp"

// What has agreed is remembered, for its owner, and is not asked again.
using namespace sense::testing;
using sense::Code;
using sense::Subscription;
using sense::SubscriptionState;
using sense::Verification;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(verifier_consent_tests, VerifierFixture)

BOOST_AUTO_TEST_CASE(what_has_agreed_is_not_asked_again_for_the_same_owner) {
  const auto first = pending("s-1");
  auto active = first;
  active.state = SubscriptionState::active;
  verifier.on_change(ref(first), active);
  ask(pending("s-2"));
  BOOST_CHECK(state_of("s-2") == SubscriptionState::active);
  BOOST_CHECK(gateway.callbacks.empty());
  ask(pending("s-3", "eve"));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 1U);
  clock.advance(24h);
  ask(pending("s-4"));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 2U);
}

BOOST_AUTO_TEST_CASE(what_has_agreed_for_an_unproved_owner_or_was_cancelled_is_asked_again) {
  const auto agree = [&](const Subscription& subscription) {
    auto active = subscription;
    active.state = SubscriptionState::active;
    verifier.on_change(ref(subscription), active);
  };
  agree(pending("s-1", "anonymous"));
  ask(pending("s-2", "anonymous"));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 1U);
  const auto first = pending("s-3");
  agree(first);
  ask(pending("s-4"));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 1U);
  verifier.on_cancelled("ada", first.callback);
  ask(pending("s-5"));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 2U);
}

BOOST_AUTO_TEST_CASE(what_never_was_pending_has_agreed_to_nothing) {
  auto vouched = subscription_of("s-1", {"{urn:a}x"});
  vouched.owner = "ada";
  verifier.on_change(nullptr, vouched);
  verifier.on_change(ref(vouched), vouched);
  ask(pending("s-2"));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_gone_or_refuses_is_verified_again) {
  verified_callbacks.add("ada", "test://one/", clock.now().wall);
  verifier.on_gone("test://one/");
  ask(pending("s-1"));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 1U);
  verified_callbacks.add("ada", "test://one/", clock.now().wall);
  gateway.answer = {Outcome::refused, "no"};
  ask(pending("s-2", "eve"));
  ask(pending("s-3"));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 3U);
}

BOOST_AUTO_TEST_CASE(what_has_agreed_is_taken_without_room) {
  verified_callbacks.add("ada", "test://one/", clock.now().wall);
  gateway.answer = {Outcome::failed, "no connection"};
  for (int i = 0; i < 5; ++i) ask(pending(("s-" + std::to_string(i)).c_str(), "eve"));
  BOOST_CHECK(!verifier.check_room("eve", "test://one/"));
  BOOST_CHECK(verifier.check_room("ada", "test://one/"));
  ask(pending("mine"));
  BOOST_CHECK(state_of("mine") == SubscriptionState::active);
}

BOOST_AUTO_TEST_SUITE_END()

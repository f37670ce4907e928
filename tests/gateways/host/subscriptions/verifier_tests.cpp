// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/host/subscriptions/verifier_fixture.hpp"

using namespace sense::testing;
using sense::Code;
using sense::Duration;
using sense::Subscription;
using sense::SubscriptionState;
using sense::Verification;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(verifier_tests, VerifierFixture)

BOOST_AUTO_TEST_CASE(a_yes_activates_and_a_no_ends_at_once) {
  ask(pending("s-1"));
  BOOST_CHECK(state_of("s-1") == SubscriptionState::active);
  gateway.answer = {Outcome::refused, "no"};
  ask(pending("s-2"));
  BOOST_CHECK_EQUAL(refused.size(), 1U);
  BOOST_CHECK(timers.empty());
}

// A mail can be read, and its token used at another gateway, before the relay's answer is here.
BOOST_AUTO_TEST_CASE(a_token_is_good_from_the_moment_at_which_it_is_sent) {
  for (const auto outcome : {Outcome::asked, Outcome::failed}) {
    const auto* id = outcome == Outcome::asked ? "s-1" : "s-2";
    gateway.answer = {outcome, "the relay says"};
    gateway.on_asked = [&](const std::string& token) {
      const auto kept = sense::subscription_from_json(bus.entries.at({"subscription", id}).value);
      BOOST_CHECK_EQUAL(kept->challenge_hash, sense::sha256_hex(token));
      subscriptions.confirm(id, token, [](const auto& result) { BOOST_CHECK(result.has_value()); });
    };
    ask(pending(id));
    BOOST_CHECK(state_of(id) == SubscriptionState::active);
  }
  pass(1h);
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 2U);
}

BOOST_AUTO_TEST_CASE(every_try_has_the_same_token_since_the_first_may_have_arrived) {
  gateway.answer = {Outcome::failed, "no answer"};
  ask(pending("s-1"));
  pass(24min);
  gateway.answer = {Outcome::asked, "sent"};
  pass(4h);
  BOOST_REQUIRE_EQUAL(gateway.tokens.size(), 3U);
  BOOST_CHECK_EQUAL(gateway.tokens[0], gateway.tokens[1]);
  BOOST_CHECK_EQUAL(gateway.tokens[0], gateway.tokens[2]);
  subscriptions.confirm("s-1", gateway.tokens[0], [](const auto&) {});
  bus.run();
  BOOST_CHECK(state_of("s-1") == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(a_restart_asks_again_unless_the_callback_was_asked) {
  const auto restart = [&] {
    verifier.stop();
    sense::Verifier second{gateway,
                           subscriptions,
                           verified_callbacks,
                           {},
                           clock,
                           counters,
                           24h,
                           {[](const auto&, const auto&) {}, [](Duration, const auto&) {}}};
    second.verify("s-1");
    bus.run();
    second.stop();
  };
  gateway.hold = true;
  ask(pending("s-1"));
  restart();  // the first try had no answer
  BOOST_REQUIRE_EQUAL(gateway.tokens.size(), 2U);
  gateway.hold = false;
  gateway.answer = {Outcome::asked, "sent"};
  restart();
  BOOST_CHECK_EQUAL(gateway.tokens.size(), 3U);
  restart();
  BOOST_CHECK_EQUAL(gateway.tokens.size(), 3U);
}

BOOST_AUTO_TEST_CASE(what_was_asked_while_the_broker_was_away_is_not_asked_twice) {
  gateway.answer = {Outcome::asked, "sent"};
  gateway.on_asked = [&](const std::string&) { bus.failure = sense::Error{Code::timeout, "away"}; };
  ask(pending("s-1"));
  BOOST_CHECK_EQUAL(gateway.tokens.size(), 1U);
  bus.failure.reset();
  pass(1h);
  BOOST_CHECK_EQUAL(gateway.tokens.size(), 1U);
  BOOST_CHECK(!sense::must_be_asked(
      *sense::subscription_from_json(bus.entries.at({"subscription", "s-1"}).value)));
}

BOOST_AUTO_TEST_CASE(a_callback_that_could_not_be_asked_is_asked_four_times_in_all) {
  gateway.answer = {Outcome::failed, "HTTP 503"};
  ask(pending("s-1"));
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 1U);
  std::size_t asked = 1;
  for (const Duration pause : {Duration(24min), Duration(216min), Duration(20h)}) {
    pass(pause - 1s);
    BOOST_CHECK_EQUAL(gateway.callbacks.size(), asked++);
    BOOST_CHECK(refused.empty());
    pass(1s);
  }
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 4U);
  BOOST_CHECK_EQUAL(refused.size(), 1U);
  pass(96h);
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 4U);
  BOOST_CHECK(timers.empty());
}

BOOST_AUTO_TEST_CASE(a_callback_that_answers_late_is_taken) {
  gateway.answer = {Outcome::failed, "no connection"};
  ask(pending("s-1"));
  pass(5h);
  BOOST_CHECK(state_of("s-1") == SubscriptionState::pending);
  gateway.answer = {Outcome::verified, "yes"};
  pass(19h);
  BOOST_CHECK(state_of("s-1") == SubscriptionState::active);
  BOOST_CHECK(timers.empty());
  BOOST_CHECK(refused.empty());
}

// Each renewal is a change of the record.
BOOST_AUTO_TEST_CASE(renewals_win_no_further_questions) {
  gateway.answer = {Outcome::failed, "HTTP 503"};
  auto subscription = pending("s-1");
  ask(subscription);
  for (int i = 0; i < 96 && refused.empty(); ++i) {
    pass(30min);
    if (!refused.empty()) break;
    subscription.updated = clock.now().wall;
    const auto kept = sense::subscription_from_json(bus.entries.at({"subscription", "s-1"}).value);
    subscription.challenge_hash = kept->challenge_hash;
    subscription.reason = kept->reason;
    keep(subscription);
  }
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 4U);
  BOOST_CHECK_EQUAL(refused.size(), 1U);
}

BOOST_AUTO_TEST_CASE(the_reason_that_others_read_says_nothing_of_the_answer) {
  for (const auto outcome : {Outcome::refused, Outcome::failed}) {
    gateway.answer = {outcome, "HTTP 200: <h1>internal wiki</h1>"};
    ask(pending("s-1"));
    pass(25h);
  }
  BOOST_REQUIRE_EQUAL(refused.size(), 2U);
  BOOST_CHECK_EQUAL(refused[0], "refused: the callback did not agree, or may not be called");
  BOOST_CHECK_EQUAL(refused[1], "not verified: the callback could not be reached");
}

BOOST_AUTO_TEST_CASE(the_span_counts_from_the_change_and_not_from_a_restart) {
  gateway.answer = {Outcome::failed, "no connection"};
  const auto subscription = pending("s-1");
  clock.advance(25h);
  ask(subscription);
  BOOST_CHECK_EQUAL(refused.size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_no_after_failures_ends_at_once) {
  gateway.answer = {Outcome::failed, "no connection"};
  ask(pending("s-1"));
  gateway.answer = {Outcome::refused, "no"};
  pass(24min);
  BOOST_REQUIRE_EQUAL(refused.size(), 1U);
  BOOST_CHECK(refused[0].starts_with("refused: "));
}

BOOST_AUTO_TEST_CASE(while_the_broker_is_away_nothing_is_lost) {
  const auto subscription = pending("s-1");
  bus.failure = sense::Error{Code::timeout, "no broker"};
  ask(subscription);
  BOOST_CHECK(gateway.callbacks.empty());
  bus.failure.reset();
  pass(10s);
  BOOST_CHECK(state_of("s-1") == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(another_callback_replaces_the_question_about_the_first) {
  gateway.hold = true;
  auto subscription = pending("s-1");
  ask(subscription);
  const auto before = ref(subscription);
  subscription.callback = "test://two/";
  keep(subscription);
  verifier.on_change(before, subscription);
  bus.run();
  BOOST_REQUIRE_EQUAL(gateway.held.size(), 2U);
  gateway.held[0]({Outcome::verified, "yes"});
  bus.run();
  BOOST_CHECK(state_of("s-1") == SubscriptionState::pending);
  gateway.held[1]({Outcome::verified, "yes"});
  bus.run();
  BOOST_CHECK(state_of("s-1") == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(a_change_that_is_not_of_the_callback_asks_nothing) {
  const auto subscription = pending("s-1");
  verifier.on_change(ref(subscription), subscription);
  bus.run();
  BOOST_CHECK(gateway.callbacks.empty());
}

// S4: what one client has had agreed to serves no other.
BOOST_AUTO_TEST_CASE(a_stop_takes_no_answer) {
  gateway.hold = true;
  ask(pending("s-1"));
  verifier.stop();
  gateway.held.at(0)({Outcome::refused, "no"});
  bus.run();
  BOOST_CHECK(refused.empty());
}

// 500 subscriptions of one client for one mailbox.
BOOST_AUTO_TEST_CASE(an_address_is_asked_a_few_times_and_others_as_before) {
  gateway.answer = {Outcome::asked, "sent"};
  for (int i = 0; i < 500; ++i) {
    auto subscription = pending(("s-" + std::to_string(i)).c_str(), "eve");
    subscription.callback = "mailto:Victim+" + std::to_string(i) + "@example.org";
    keep(subscription);
    ask(subscription);
  }
  BOOST_CHECK_EQUAL(gateway.callbacks.size(), 3U);
  BOOST_CHECK_EQUAL(counters["gateway.verifications.no-room"], 497U);
  BOOST_CHECK(verifier.check_room("eve", "mailto:victim@example.org").error().code ==
              Code::nomoreroom);
  BOOST_CHECK(verifier.check_room("ada", "mailto:ada@example.org"));
  auto other = pending("other");
  other.callback = "mailto:ada@example.org";
  keep(other);
  ask(other);
  BOOST_CHECK_EQUAL(gateway.callbacks.back(), "mailto:ada@example.org");
  pass(25h);
  BOOST_CHECK_LE(gateway.callbacks.size(), 31U);
  BOOST_CHECK_GE(refused.size(), 460U);
  BOOST_CHECK(refused[0].starts_with("not verified: too many verifications"));
  BOOST_CHECK(timers.empty());
}

BOOST_AUTO_TEST_CASE(many_at_once_to_a_callback_that_agrees_do_not_wait) {
  gateway.hold = true;
  for (int i = 0; i < 50; ++i) ask(pending(("s-" + std::to_string(i)).c_str()));
  BOOST_CHECK_EQUAL(gateway.held.size(), 3U);
  BOOST_CHECK(verifier.check_room("ada", "test://one/"));  // those may still agree
  for (std::size_t i = 0; i < gateway.held.size(); ++i) {
    sense::VerificationDone(gateway.held[i])({Outcome::verified, "yes"});
    bus.run();
  }
  BOOST_CHECK_EQUAL(gateway.held.size(), 50U);
  BOOST_CHECK(refused.empty());
}

BOOST_AUTO_TEST_SUITE_END()

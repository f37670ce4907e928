// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/engine.hpp"

#include "tests/gateways/engine_fixture.hpp"

using sense::Attempt;
using sense::Delivery;
using sense::Engine;
using sense::SubscriptionState;
using sense::testing::EngineFixture;
using sense::testing::event_of;
using Kind = Delivery::Kind;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(engine_tests, EngineFixture)

BOOST_AUTO_TEST_CASE(deliveries_are_numbered_from_one_for_each_subscription) {
  put(plain("s-1"));
  publish();
  put(plain("s-2"));
  publish(2);
  std::map<std::string, std::vector<std::uint64_t>> numbers;
  while (!out.empty()) {
    const auto deliver = answer_next(Attempt::delivered());
    BOOST_CHECK(deliver.delivery->kind == Kind::event);
    BOOST_CHECK_EQUAL(deliver.delivery->attempt, 1U);
    BOOST_CHECK_EQUAL(deliver.delivery->event->sequence, deliver.sequence);
    numbers[deliver.delivery->subscription->id].push_back(deliver.delivery->number);
  }
  BOOST_CHECK((numbers["s-1"] == std::vector<std::uint64_t>{1, 2, 3}));
  BOOST_CHECK((numbers["s-2"] == std::vector<std::uint64_t>{1, 2}));
  BOOST_CHECK_EQUAL(engine.waiting(), 0U);
  BOOST_CHECK_EQUAL(engine.totals().delivered, 5U);
}

BOOST_AUTO_TEST_CASE(what_does_not_match_is_not_numbered) {
  auto subscription = plain();
  subscription.since = 2;
  put(subscription);
  publish(2);
  publish(1, "{urn:a}y");
  publish();
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK_EQUAL(out[0].delivery->number, 1U);
  BOOST_CHECK_EQUAL(out[0].sequence, 4U);
}

BOOST_AUTO_TEST_CASE(given_up_is_a_dead_letter_and_a_gap) {
  put(plain());
  publish();
  fail_until_given_up(4);
  BOOST_REQUIRE_EQUAL(dead.size(), 1U);
  BOOST_CHECK_EQUAL(dead[0].subscription, "s-1");
  BOOST_CHECK_EQUAL(dead[0].number, 1U);
  BOOST_CHECK_EQUAL(dead[0].sequence, 1U);
  BOOST_CHECK_EQUAL(dead[0].attempts, 4U);
  BOOST_CHECK_EQUAL(dead[0].reason, "undeliverable");
  BOOST_CHECK_EQUAL(dead[0].answer, "no");
  BOOST_REQUIRE(dead[0].event);
  const auto gap = next();
  BOOST_CHECK(gap.delivery->kind == Kind::gap);
  BOOST_CHECK_EQUAL(gap.delivery->number, 1U);
  BOOST_CHECK_EQUAL(gap.delivery->number_last, 1U);
  BOOST_CHECK_EQUAL(gap.delivery->reason, "undeliverable");
  BOOST_CHECK_EQUAL(gap.delivery->event->type.clark(), "{urn:sense:management}gap");
}

BOOST_AUTO_TEST_CASE(rejected_is_a_dead_letter_at_once) {
  put(plain());
  publish();
  answer_next(Attempt::rejected("too big"));
  BOOST_REQUIRE_EQUAL(dead.size(), 1U);
  BOOST_CHECK_EQUAL(dead[0].reason, "rejected");
  BOOST_CHECK_EQUAL(dead[0].answer, "too big");
  BOOST_CHECK(next().delivery->kind == Kind::gap);
}

BOOST_AUTO_TEST_CASE(neighbouring_gaps_become_one) {
  auto subscription = plain();
  subscription.delivery.window = 3;
  put(subscription);
  publish(4);
  const auto first = next(), second = next(), third = next();
  // The window is full again with number 4, and the gap of 1: those of 2 and 3 wait and meet.
  subscription.delivery.window = 1;
  put(subscription);
  answer(first, Attempt::rejected("no"));
  answer(second, Attempt::rejected("no"));
  answer(third, Attempt::rejected("no"));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;
  while (!out.empty()) {
    const auto deliver = answer_next(Attempt::delivered());
    if (deliver.delivery->kind == Kind::gap)
      gaps.emplace_back(deliver.delivery->number, deliver.delivery->number_last);
  }
  BOOST_CHECK((gaps == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 3}}));
}

BOOST_AUTO_TEST_CASE(a_gap_that_cannot_be_told_waits_for_a_callback_that_works) {
  auto subscription = plain();
  subscription.delivery.retry_count = 1;
  put(subscription);
  publish();
  answer_next(Attempt::retry("no"));  // the event
  answer_next(Attempt::retry("no"));  // its gap
  publish(2);
  answer_next(Attempt::retry("no"));
  answer_next(Attempt::retry("no"));
  BOOST_CHECK(out.empty());  // the callback is not bothered with more gaps
  BOOST_CHECK(!engine.next_timer());
  publish();
  BOOST_CHECK_EQUAL(answer_next(Attempt::delivered()).delivery->number, 4U);
  const auto gap = answer_next(Attempt::delivered());
  BOOST_CHECK(gap.delivery->kind == Kind::gap);
  BOOST_CHECK_EQUAL(gap.delivery->number, 1U);
  BOOST_CHECK_EQUAL(gap.delivery->number_last, 3U);
  BOOST_CHECK_EQUAL(engine.waiting(), 0U);
}

BOOST_AUTO_TEST_CASE(a_callback_that_rejects_gaps_is_told_of_each_once) {
  put(plain());
  publish();
  answer_next(Attempt::rejected("no"));
  answer_next(Attempt::rejected("what is a gap?"));
  publish();
  answer_next(Attempt::delivered());
  BOOST_CHECK(out.empty());
  BOOST_CHECK_EQUAL(engine.waiting(), 0U);
  BOOST_CHECK_EQUAL(dead.size(), 1U);
}

BOOST_AUTO_TEST_CASE(expired_is_not_attempted_but_told_as_a_gap) {
  auto subscription = plain();
  subscription.delivery.expiry = 10s;
  put(subscription);
  publish();
  answer_next(Attempt::retry("busy", 10s));
  pass_to_timer();
  const auto gap = next();
  BOOST_CHECK(gap.delivery->kind == Kind::gap);
  BOOST_CHECK_EQUAL(gap.delivery->number, 1U);
  BOOST_CHECK_EQUAL(gap.delivery->reason, "expired");
  BOOST_CHECK(dead.empty());
  BOOST_CHECK_EQUAL(engine.totals().expired, 1U);
  BOOST_REQUIRE_EQUAL(undelivered.size(), 1U);
  BOOST_CHECK_EQUAL(undelivered[0].subscription, "s-1");
  BOOST_CHECK_EQUAL(undelivered[0].number, 1U);
  BOOST_CHECK_EQUAL(undelivered[0].sequence, 1U);
  BOOST_CHECK_EQUAL(undelivered[0].attempts, 1U);
  BOOST_CHECK_EQUAL(undelivered[0].reason, "expired");
}

BOOST_AUTO_TEST_CASE(the_earlier_of_two_expiries_counts) {
  auto subscription = plain();
  subscription.delivery.expiry = 1h;
  put(subscription);
  auto old = event_of(type, 1);
  old.time = clock.now().wall - 1h + 1us;
  old.expirytime = clock.now().wall + 2h;
  publish(std::make_shared<const sense::Event>(old));
  BOOST_CHECK(answer_next(Attempt::delivered()).delivery->kind == Kind::event);
  auto late = event_of(type, 2);
  late.time = clock.now().wall;
  late.expirytime = clock.now().wall;
  publish(std::make_shared<const sense::Event>(late));
  BOOST_CHECK(next().delivery->kind == Kind::gap);
}

BOOST_AUTO_TEST_CASE(an_event_without_time_is_as_old_as_its_observation) {
  auto subscription = plain();
  subscription.delivery.expiry = 10s;
  put(subscription);
  auto event = event_of(type, 1);
  event.time.reset();
  event.observedtime = clock.now().wall - 10s;
  publish(std::make_shared<const sense::Event>(event));
  BOOST_CHECK(answer_next(Attempt::delivered()).delivery->kind == Kind::gap);
  event.sequence = 2;
  event.observedtime.reset();
  publish(std::make_shared<const sense::Event>(event));
  BOOST_CHECK(next().delivery->kind == Kind::event);
}

BOOST_AUTO_TEST_CASE(no_more_than_the_window_is_in_flight) {
  put(plain());
  publish(5);
  BOOST_CHECK_EQUAL(out.size(), 2U);
  answer_next(Attempt::delivered());
  BOOST_CHECK_EQUAL(out.size(), 2U);
  answer_next(Attempt::retry("no"));
  BOOST_CHECK_EQUAL(out.size(), 2U);  // a retry that waits is not in flight
}

BOOST_AUTO_TEST_CASE(a_retry_that_is_due_waits_for_the_window_and_comes_before_fresh_ones) {
  put(plain());
  publish(4);
  answer_next(Attempt::retry("no"));  // 1
  BOOST_REQUIRE_EQUAL(out.size(), 2U);
  pass(10s);
  BOOST_CHECK_EQUAL(out.size(), 2U);
  BOOST_CHECK(!engine.next_timer());
  answer_next(Attempt::delivered());
  BOOST_REQUIRE_EQUAL(out.size(), 2U);
  BOOST_CHECK_EQUAL(out[1].delivery->number, 1U);
  BOOST_CHECK_EQUAL(out[1].delivery->attempt, 2U);
}

BOOST_AUTO_TEST_CASE(fresh_ones_wait_behind_too_many_retries) {
  put(plain());
  const int limit = static_cast<int>(Engine::Defaults::retrying_windows) * 2;
  publish(limit + 10);
  int attempted = 0;
  while (!out.empty()) {
    answer_next(Attempt::retry("no", 1h));
    ++attempted;
  }
  // The window may be in flight when the limit is reached.
  BOOST_CHECK_GE(attempted, limit);
  BOOST_CHECK_LE(attempted, limit + 2);
  pass_to_timer();
  BOOST_CHECK_EQUAL(out.size(), 2U);
}

BOOST_AUTO_TEST_CASE(a_dead_subscription_does_not_delay_another) {
  put(plain("s-dead"));
  put(plain("s-good"));
  for (int i = 0; i < 200; ++i) {
    publish();
    bool delivered = false;
    for (auto& deliver : std::exchange(out, {})) {
      const bool good = deliver.delivery->subscription->id == "s-good";
      delivered = delivered || (good && deliver.sequence == sequence);
      engine.on_result(deliver.attempt_id, good ? Attempt::delivered() : Attempt::retry("no"),
                       clock.now());
    }
    take();
    BOOST_REQUIRE_MESSAGE(delivered, "event " << sequence << " had to wait");
  }
}

BOOST_AUTO_TEST_CASE(a_pending_subscription_is_owed_nothing) {
  auto subscription = plain();
  subscription.state = SubscriptionState::pending;
  put(subscription);
  publish(3);
  subscription.state = SubscriptionState::active;
  put(subscription);
  publish();
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK_EQUAL(out[0].sequence, 4U);
  BOOST_CHECK_EQUAL(out[0].delivery->number, 1U);
}

BOOST_AUTO_TEST_CASE(a_paused_subscription_keeps_what_it_is_owed) {
  auto subscription = plain();
  put(subscription);
  publish();
  subscription.state = SubscriptionState::paused;
  for (int i = 0; i < 2; ++i) {
    put(subscription);
    publish();
  }
  answer_next(Attempt::retry("no"));
  pass(1h);
  BOOST_CHECK(out.empty());
  BOOST_CHECK(!engine.next_timer());
  subscription.state = SubscriptionState::active;
  put(subscription);
  std::vector<std::uint64_t> numbers;
  while (!out.empty()) numbers.push_back(answer_next(Attempt::delivered()).delivery->number);
  BOOST_CHECK((numbers == std::vector<std::uint64_t>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(gone_asks_for_the_end_once_and_attempts_nothing_more) {
  put(plain());
  publish(5);
  const auto first = next(), second = next();
  answer(first, Attempt::gone("410"));
  answer(second, Attempt::gone("410"));
  publish();
  pass(1h);
  BOOST_CHECK((gone == std::vector<std::string>{"s-1"}));
  BOOST_CHECK(out.empty());
  BOOST_REQUIRE_EQUAL(dead.size(), 2U);
  BOOST_CHECK_EQUAL(dead[0].reason, "gone");
  end("s-1", true, "unreachable");
  BOOST_CHECK(out.empty());
  BOOST_CHECK((forgotten == std::vector<std::string>{"s-1"}));
}

BOOST_AUTO_TEST_CASE(gone_ends_no_subscription_of_the_configuration) {
  auto configured = plain();
  configured.via = "config";
  put(configured);
  publish();
  answer_next(Attempt::gone("410"));
  BOOST_CHECK(gone.empty());
  BOOST_CHECK(dead.empty());
  pass(1h);
  BOOST_CHECK_EQUAL(next().delivery->attempt, 2U);
}

BOOST_AUTO_TEST_CASE(an_answer_given_twice_counts_once) {
  put(plain());
  publish(2);
  const auto deliver = answer_next(Attempt::delivered());
  answer(deliver, Attempt::delivered());
  answer(deliver, Attempt::gone("no"));
  engine.on_result(987'654, Attempt::delivered(), clock.now());
  BOOST_CHECK_EQUAL(engine.totals().delivered, 1U);
  BOOST_CHECK(gone.empty());
  BOOST_CHECK_EQUAL(engine.waiting(), 1U);
}

BOOST_AUTO_TEST_CASE(an_edit_moves_the_subscription_to_its_new_types) {
  put(plain());
  auto edited = plain();
  edited.types = {*sense::TypePattern::parse("{urn:a}y")};
  edited.callback = "test://two/";
  put(edited);
  publish();
  BOOST_CHECK(out.empty());
  publish(1, "{urn:a}y");
  BOOST_CHECK_EQUAL(next().delivery->number, 1U);
  BOOST_CHECK_EQUAL(engine.count_for("test://one/"), 0U);
  BOOST_CHECK_EQUAL(engine.count_for("test://two/"), 1U);
  BOOST_CHECK_EQUAL(engine.count_at("one"), 0U);
  BOOST_CHECK_EQUAL(engine.count_at("two"), 1U);
  BOOST_CHECK((engine.topic_prefixes(9) == std::vector<std::string>{"{urn:a}y "}));
}

BOOST_AUTO_TEST_SUITE_END()

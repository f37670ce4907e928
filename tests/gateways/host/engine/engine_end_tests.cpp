// SPDX-License-Identifier: Apache-2.0
// The end of a subscription.
#include "gateways/host/engine/queue/retry_schedule.hpp"
#include "tests/gateways/engine_fixture.hpp"

using sense::Attempt;
using sense::Delivery;
using sense::SubscriptionState;
using sense::testing::EngineFixture;
using Kind = Delivery::Kind;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(engine_end_tests, EngineFixture)

BOOST_AUTO_TEST_CASE(after_the_end_only_the_end_is_told) {
  put(plain());
  publish(3);
  const auto under_way = next();
  end("s-1", true, "revoked");
  BOOST_CHECK(!engine.find("s-1"));
  BOOST_CHECK(engine.subscriptions().empty());
  const auto& told = out.back();
  BOOST_CHECK(told.delivery->kind == Kind::ended);
  BOOST_CHECK_EQUAL(told.delivery->reason, "revoked");
  BOOST_CHECK_EQUAL(told.delivery->event->type.clark(), "{urn:sense:management}ended");
  const auto before = out.size();
  answer(under_way, Attempt::retry("no"));
  publish(3);
  pass(1h);
  BOOST_CHECK_EQUAL(out.size(), before);
  BOOST_CHECK(dead.empty());
  answer(told, Attempt::delivered());
  BOOST_CHECK((forgotten == std::vector<std::string>{"s-1"}));
  BOOST_CHECK_EQUAL(engine.count(), 0U);
  BOOST_CHECK_EQUAL(engine.waiting(), 0U);
  BOOST_CHECK_EQUAL(engine.unsaved(), 0U);
}

BOOST_AUTO_TEST_CASE(what_was_not_handed_out_before_the_end_never_is) {
  put(plain());
  engine.on_event(event(), clock.now());
  engine.end("s-1", "cancelled", false, clock.now());
  take();
  BOOST_CHECK(out.empty());
  BOOST_CHECK((forgotten == std::vector<std::string>{"s-1"}));
}

BOOST_AUTO_TEST_CASE(the_end_is_not_told_when_it_is_not_to_be_or_to_a_pending_callback) {
  put(plain("s-1"));
  end("s-1", false);
  auto pending = plain("s-2");
  pending.state = SubscriptionState::pending;
  put(pending);
  end("s-2", true);
  end("s-2", true);
  end("s-unknown", true);
  BOOST_CHECK(out.empty());
  BOOST_CHECK((forgotten == std::vector<std::string>{"s-1", "s-2"}));
}

BOOST_AUTO_TEST_CASE(a_paused_subscription_is_told_of_its_end) {
  auto paused = plain();
  paused.state = SubscriptionState::paused;
  put(paused);
  end("s-1");
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK(out[0].delivery->kind == Kind::ended);
}

BOOST_AUTO_TEST_CASE(the_end_is_tried_a_few_times_only) {
  auto subscription = plain();
  subscription.delivery.retry_count = 1000;
  put(subscription);
  end("s-1");
  fail_until_given_up(static_cast<int>(sense::RetrySchedule::end_notice_attempts_max));
  BOOST_CHECK((forgotten == std::vector<std::string>{"s-1"}));
  BOOST_CHECK(dead.empty());
}

BOOST_AUTO_TEST_CASE(one_with_the_id_of_an_ended_one_is_new) {
  put(plain());
  publish(2);
  end("s-1");
  const auto told = out.back();
  out.clear();
  put(plain());
  publish();
  answer(told, Attempt::delivered());
  BOOST_REQUIRE_EQUAL(out.size(), 1U);
  BOOST_CHECK_EQUAL(out[0].delivery->number, 1U);
  BOOST_CHECK(engine.find("s-1") != nullptr);
  answer_next(Attempt::delivered());
  end("s-1", false);
  BOOST_CHECK(engine.topic_prefixes(9).empty());
  BOOST_CHECK_EQUAL(engine.count_for("test://one/"), 0U);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// The state machine of a gateway: how it starts, leads, stands by and stops.
#include "gateways/host/lifecycle.hpp"

#include "tests/gateways/host/lifecycle_fixture.hpp"

using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;
using State = Lifecycle::State;

BOOST_FIXTURE_TEST_SUITE(lifecycle_tests, LifecycleFixture)

BOOST_AUTO_TEST_CASE(it_leads_serves_stops_and_goes_on_where_it_was) {
  auto& first = make();
  BOOST_CHECK(first.life->state() == State::starting);
  subscribe("s-1");
  first.life->begin();
  hub.advance(100ms);
  BOOST_CHECK(first.life->state() == State::serving);
  publish("e-1");
  hub.advance(100ms);
  stop(first);
  BOOST_CHECK(first.life->result().has_value());
  publish("e-2");
  start();
  hub.advance(100ms);
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1", "e-2"}));
}

BOOST_AUTO_TEST_CASE(each_attempt_is_measured_by_its_outcome) {
  subscribe("s-1");
  auto& process = start();
  plugin.holds_answers = true;
  auto event = event_of("{urn:a}x");
  event.observedtime = hub.clock.now().wall;
  hub.append(std::move(event));
  hub.advance(100ms);
  BOOST_REQUIRE_EQUAL(plugin.held.size(), 1U);
  hub.advance(3s);
  plugin.held.front()(Attempt::retry("busy"));
  plugin.holds_answers = false;
  hub.advance(90s);
  BOOST_REQUIRE_EQUAL(process.measured.size(), 2U);
  const auto& first = process.measured.front();
  const auto& last = process.measured.back();
  BOOST_CHECK(first.outcome == Attempt::Outcome::retry);
  BOOST_CHECK(first.took >= 3s && first.took < 4s);
  BOOST_CHECK(last.outcome == Attempt::Outcome::delivered);
  BOOST_CHECK(last.took < 1s);
  BOOST_CHECK(last.since_accepted.value_or(0s) >= 4s);
  BOOST_CHECK_EQUAL(process.life->counters().snapshot().at("gateway.deliveries.retried"), 1U);
  BOOST_CHECK_EQUAL(process.life->counters().snapshot().at("gateway.deliveries.delivered"), 1U);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_cannot_start_ends_the_run_with_its_reason) {
  plugin.port_is_taken = true;
  auto& process = start();
  hub.advance(1500ms);
  BOOST_CHECK(process.life->state() == State::stopped);
  BOOST_CHECK(says(*process.life, "the port is taken"));
  processes.clear();
  BOOST_CHECK(!stored().has_value());
  plugin.port_is_taken = false;
  BOOST_CHECK(start().life->state() == State::serving);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_throws_at_start_is_named_with_the_function) {
  plugin.throws_in = "start";
  auto& process = start();
  hub.advance(1500ms);
  BOOST_CHECK(process.life->state() == State::stopped);
  BOOST_CHECK_EQUAL(process.life->result().error().message,
                    "gateway one threw in start(): std::runtime_error: start went wrong; this is a "
                    "fault of the plugin");
  BOOST_CHECK_EQUAL(plugin.stopped, 1);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_throws_while_it_serves_fails_its_attempt_only) {
  subscribe("s-1");
  auto& process = start();
  for (const auto* function : {"deliver", "deliver-behind-its-answer"}) {
    plugin.throws_in = function;
    publish(function);
    hub.advance(100ms);
    plugin.throws_in.clear();
    hub.advance(3s);
    BOOST_CHECK(process.life->state() == State::serving);
  }
  // Once each: behind its answer, what it throws changes nothing any more.
  BOOST_CHECK(
      (plugin.delivered == std::vector<std::string>{"deliver", "deliver-behind-its-answer"}));
  plugin.throws_in = "forget";
  auto ended = subscription_of("s-1", {"{urn:a}x"});
  ended.state = SubscriptionState::ended;
  put({"subscription", "s-1", 0, to_json(ended, true)});
  hub.advance(3s);
  BOOST_CHECK_EQUAL(process.life->engine().count(), 0U);
  BOOST_CHECK(process.life->state() == State::serving);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_throws_where_it_listens_serves_all_the_same) {
  plugin.throws_in = "listening";
  BOOST_CHECK(start().life->state() == State::serving);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_throws_at_stop_loses_nothing_of_what_was_done) {
  subscribe("s-1");
  auto& process = start();
  publish("e-1");
  const auto last = hub.sequence;
  hub.advance(100ms);
  plugin.throws_in = "stop";
  stop(process);
  BOOST_CHECK(process.life->result().has_value());
  processes.clear();
  BOOST_CHECK_GE(stored().value(), last);
}

// An exception may have escaped between the position and what belongs to it.
BOOST_AUTO_TEST_CASE(an_end_for_a_fault_stores_no_more_than_a_crash_does) {
  subscribe("s-1");
  auto& process = start();
  publish("e-1");
  const auto last = hub.sequence;
  hub.advance(100ms);
  process.life->stop(fail(Code::internalerror, "an exception escaped"));
  hub.advance(1500ms);
  processes.clear();
  BOOST_CHECK_LT(stored().value(), last);
  start();
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1", "e-1"}));
}

BOOST_AUTO_TEST_CASE(attempts_that_the_stop_interrupts_are_made_again_and_use_up_nothing) {
  subscribe("s-1");
  plugin.holds_answers = true;
  auto& process = start();
  publish("e-1");
  hub.advance(100ms);
  BOOST_CHECK_EQUAL(plugin.held.size(), 1U);
  stop(process);
  plugin.holds_answers = false;
  start();
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1", "e-1"}));
  BOOST_CHECK_EQUAL(processes["one"]->life->engine().totals().retried, 0U);
}

BOOST_AUTO_TEST_CASE(an_answer_behind_the_stop_is_void) {
  subscribe("s-1");
  plugin.holds_answers = true;
  auto& process = start();
  publish("e-1");
  hub.advance(100ms);
  auto late = std::move(plugin.held.at(0));
  plugin.held.clear();
  stop(process);
  late(Attempt::delivered());
  BOOST_CHECK_EQUAL(process.life->engine().totals().delivered, 0U);
}

BOOST_AUTO_TEST_CASE(a_stop_before_the_begin_and_while_the_broker_is_away_ends_in_time) {
  auto& never = make();
  never.life->stop({});
  BOOST_CHECK(never.life->state() == State::stopped);
  never.life->begin();
  hub.advance(2s);
  BOOST_CHECK(never.life->state() == State::stopped);
  auto& away = make("two");
  away.bus.away = true;
  away.life->begin();
  hub.advance(5s);
  BOOST_CHECK(away.life->state() == State::starting);
  stop(away);
  away.bus.away = false;
  hub.advance(10s);
  BOOST_CHECK_EQUAL(plugin.started, 0);
  BOOST_CHECK(
      (!hub.entries.contains({"gateway", "one"}) && !hub.entries.contains({"gateway", "two"})));
}

BOOST_AUTO_TEST_CASE(a_stop_while_the_lists_are_read_starts_nothing_and_stores_nothing) {
  auto& process = make();
  process.bus.on_list = [&](const std::string& kind) {
    if (kind == "subscription") process.life->stop({});
  };
  process.life->begin();
  hub.advance(3s);
  BOOST_CHECK(process.life->state() == State::stopped);
  BOOST_CHECK_EQUAL(plugin.started, 0);
  processes.clear();
  BOOST_CHECK(!stored().has_value());
}

BOOST_AUTO_TEST_CASE(the_second_of_a_kind_stands_by_and_can_be_stopped) {
  auto& one = start("one");
  auto& two = start("two");
  BOOST_CHECK(one.life->state() == State::serving);
  BOOST_CHECK(two.life->state() == State::standing_by);
  BOOST_CHECK_EQUAL(plugin.started, 1);
  stop(two);
  BOOST_CHECK(two.life->result().has_value());
  BOOST_CHECK(one.life->state() == State::serving);
}

BOOST_AUTO_TEST_CASE(a_leader_that_stops_is_followed_at_once_by_its_standby) {
  subscribe("s-1");
  auto& one = start("one");
  auto& two = start("two");
  hub.advance(2s);
  stop(one);
  hub.advance(3s);
  BOOST_CHECK(two.life->state() == State::serving);
  publish("e-1");
  hub.advance(1s);
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1"}));
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_lost_while_a_checkpoint_is_on_its_way_ends_the_process) {
  subscribe("s-1");
  auto& one = start("one");
  auto& two = start("two");
  hub.advance(2s);
  // The next checkpoint is stored, and waits in the connection for the standby.
  one.bus.away = true;
  publish("e-1");
  for (int i = 0; i < 100 && two.life->state() != State::serving; ++i) hub.advance(100ms);
  BOOST_CHECK(two.life->state() == State::serving);
  hub.advance(1s);
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1"}));  // by the new leader
  one.bus.away = false;
  publish("e-2");
  hub.advance(5s);
  BOOST_CHECK(one.life->state() == State::stopped);
  BOOST_CHECK(says(*one.life, "two leads"));
  BOOST_CHECK(says(*one.life, "stands by when it is started again"));
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-1", "e-2"}));
  BOOST_CHECK(two.life->state() == State::serving);
}

BOOST_AUTO_TEST_CASE(the_first_reason_of_a_stop_counts) {
  auto& process = start();
  process.life->stop(fail(Code::system, "first"));
  process.life->stop(fail(Code::system, "second"));
  hub.advance(2s);
  BOOST_CHECK(says(*process.life, "first"));
  BOOST_CHECK_EQUAL(plugin.stopped, 1);
  BOOST_CHECK_EQUAL(process.ended, 1);
}

// Whenever the answer comes, also in the instant of a checkpoint (some milliseconds after a
// second), before what it leads to is carried out.
BOOST_AUTO_TEST_CASE(a_crash_leaves_what_was_given_up_pending_or_a_dead_letter) {
  for (auto answered = 900ms; answered <= 910ms; answered += 1ms) {
    LifecycleFixture one;
    one.subscribe("s-1");
    one.plugin.holds_answers = true;
    one.start();
    one.publish("e-1");
    const auto sequence = one.hub.sequence;
    one.hub.later(answered, [&] { one.plugin.held.at(0)(Attempt::rejected("no")); });
    one.hub.advance(answered);
    one.plugin.held.clear();
    one.processes.clear();
    if (one.stored().value() < sequence) continue;  // the journal repeats it
    auto database =
        Database::open((one.place / "one/gateway.db").string(), Database::Durability::normal);
    auto kept = database->prepare(
        "SELECT (SELECT count(*) FROM item WHERE sequence>0)+(SELECT count(*) FROM dead_letter)");
    BOOST_REQUIRE(kept->step().value());
    BOOST_CHECK_MESSAGE(kept->integer(0) == 1, "answered after " << answered.count() << " ms");
  }
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// The lists that a gateway reads at its start and then follows: no gateway and no subscription is
// missed, and none is undone by an older entry.
#include "tests/gateways/host/lifecycle_fixture.hpp"

using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;
using State = Lifecycle::State;

BOOST_FIXTURE_TEST_SUITE(lifecycle_lists_tests, LifecycleFixture)

BOOST_AUTO_TEST_CASE(it_listens_once_the_other_gateways_of_the_configuration_are_known) {
  auto& process = make("one", {"mail", "news"});
  announce("news", "nntp");
  process.life->begin();
  hub.advance(1s);
  BOOST_CHECK_EQUAL(plugin.started, 0);
  const auto own = hub.entries.find({"gateway", "one"});
  BOOST_CHECK(own != hub.entries.end());  // so that two do not wait for each other
  announce("mail", "mailto");
  hub.advance(100ms);
  BOOST_CHECK_EQUAL(plugin.started, 1);
  BOOST_CHECK(takes("mailto"));
  BOOST_CHECK(takes("nntp"));
}

BOOST_AUTO_TEST_CASE(a_gateway_that_does_not_come_is_awaited_for_three_seconds) {
  auto& process = make("one", {"mail"});
  process.life->begin();
  hub.advance(2900ms);
  BOOST_CHECK_EQUAL(plugin.started, 0);
  hub.advance(300ms);
  BOOST_CHECK_EQUAL(plugin.started, 1);
  BOOST_CHECK(!takes("mailto"));
  announce("mail", "mailto");
  hub.advance(100ms);
  BOOST_CHECK(takes("mailto"));
}

BOOST_AUTO_TEST_CASE(it_can_be_stopped_while_it_waits_for_others) {
  auto& process = make("one", {"mail"});
  process.life->begin();
  hub.advance(1s);
  stop(process);
  hub.advance(5s);
  BOOST_CHECK_EQUAL(plugin.started, 0);
}

BOOST_AUTO_TEST_CASE(a_first_start_misses_no_gateway_that_comes_while_it_reads_the_lists) {
  auto& process = make();
  process.bus.on_list = [this](const std::string& kind) { announce("at-" + kind, kind); };
  process.life->begin();
  hub.advance(100ms);
  process.bus.on_list = nullptr;
  BOOST_CHECK(takes("gateway"));
  BOOST_CHECK(takes("subscription"));
  BOOST_CHECK(!takes("elsewhere"));
}

BOOST_AUTO_TEST_CASE(a_later_start_misses_no_gateway_and_believes_no_older_entry) {
  announce("email", "mailto");
  stop(start());
  put({"gateway", "email", 0, gateway_entry({}, {})});  // an older entry, which the list has not
  announce("email", "mailto");
  announce("gone", "gone");
  auto& process = make();
  process.bus.on_list = [this](const std::string& kind) { announce("at-" + kind, kind); };
  process.life->begin();
  hub.advance(20ms);
  process.bus.on_list = nullptr;
  BOOST_CHECK(takes("mailto"));
  BOOST_CHECK(takes("gone"));
  BOOST_CHECK(takes("gateway"));
}

BOOST_AUTO_TEST_CASE(a_standby_that_takes_over_knows_the_gateways_of_the_meantime) {
  auto& one = start("one");
  start("two");
  hub.advance(2s);
  announce("email", "mailto");
  hub.advance(10s);
  stop(one);
  hub.advance(3s);
  BOOST_REQUIRE(processes["two"]->life->state() == State::serving);
  BOOST_CHECK(takes("mailto"));
}

// The list has the later of two changes already; the earlier one is read behind it.
BOOST_AUTO_TEST_CASE(a_list_that_is_read_again_is_not_undone_by_older_events) {
  subscribe("s-1");
  auto& process = start();
  publish("e-0");
  hub.advance(100ms);
  process.bus.away = true;
  publish("lost");
  process.bus.trimmed = hub.sequence;
  auto ended = subscription_of("s-1", {"{urn:a}x"});
  ended.state = SubscriptionState::ended;
  put({"subscription", "s-1", 0, to_json(ended, true)});
  subscribe("s-1");
  announce("email", "mailto");
  process.bus.away = false;
  hub.advance(1s);
  publish("e-1");
  hub.advance(1s);
  BOOST_CHECK_EQUAL(process.life->counters().snapshot().at("gateway.events.lost"), 1U);
  BOOST_CHECK((plugin.delivered == std::vector<std::string>{"e-0", "e-1"}));
  BOOST_CHECK_EQUAL(plugin.number, 2U);  // it has not begun anew
  BOOST_CHECK(takes("mailto"));
}

// What the lost events said of gateways is read anew, too.
BOOST_AUTO_TEST_CASE(events_that_the_journal_lost_hide_no_gateway) {
  auto& process = start();
  process.bus.away = true;
  announce("email", "mailto");
  process.bus.trimmed = hub.sequence;
  process.bus.away = false;
  hub.advance(1s);
  BOOST_CHECK(takes("mailto"));
}

// Where it was made this gateway's callbacks are not known.
BOOST_AUTO_TEST_CASE(subscription_made_elsewhere_ends_when_its_owner_has_too_many_callbacks_here) {
  BOOST_REQUIRE(settings.set("endpoints-per-owner-max", "1"));
  subscribe("s-1");
  auto& process = start();
  const auto ask = [&](const char* id, const char* owner, const char* callback) {
    auto pending = subscription_of(id, {"{urn:a}x"}, callback);
    pending.owner = owner;
    pending.state = SubscriptionState::pending;
    pending.revision = hub.sequence + 1;
    put({"subscription", id, 0, to_json(pending, true)});
    hub.advance(100ms);
    return hub.entries.contains({"subscription", id});
  };
  BOOST_CHECK(!ask("s-2", "tester", "test://two/"));
  BOOST_CHECK(ask("s-3", "tester", "test://one/"));
  BOOST_CHECK(ask("s-4", "other", "test://two/"));
  BOOST_CHECK_EQUAL(process.life->counters().snapshot().at("gateway.endpoints.no-room"), 1U);
}

// Nor is what they can do.
BOOST_AUTO_TEST_CASE(subscription_made_elsewhere_ends_when_its_latency_cannot_be_kept_here) {
  auto& process = start();
  const auto ask = [&](const char* id, Duration most) {
    auto pending = subscription_of(id, {"{urn:a}x"}, "test://one/");
    pending.state = SubscriptionState::pending;
    pending.revision = hub.sequence + 1;
    pending.delivery.sparse.edit().max_latency = most;
    put({"subscription", id, 0, to_json(pending, true)});
    hub.advance(100ms);
    return hub.entries.contains({"subscription", id});
  };
  BOOST_CHECK(ask("s-1", 1s));
  BOOST_CHECK(!ask("s-2", 999ms));
  BOOST_CHECK_EQUAL(process.life->engine().count(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()

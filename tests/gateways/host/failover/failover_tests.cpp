// SPDX-License-Identifier: Apache-2.0
#include "tests/gateways/host/failover/failover_fixture.hpp"

using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;

using Texts = std::vector<std::string>;

BOOST_FIXTURE_TEST_SUITE(failover_tests, FailoverFixture)

BOOST_AUTO_TEST_CASE(the_first_leads_and_the_second_gets_a_copy_of_its_store) {
  auto& one = start("one");
  BOOST_CHECK_EQUAL(one.led, 1);
  BOOST_CHECK(*one.save("before"));  // no standby to wait for
  auto& two = start("two");
  BOOST_CHECK_EQUAL(two.led, 0);
  BOOST_CHECK(!two.failover->has_lease());
  hub.advance(1s);
  BOOST_CHECK(two.has() == Texts{"before"});
  const auto done = one.save("later");
  BOOST_CHECK(!*done);
  hub.advance(100ms);
  BOOST_CHECK(*done);
  BOOST_CHECK((two.has() == Texts{"before", "later"}));
  BOOST_CHECK_EQUAL(two.store->position().value().value(), 2U);
}

BOOST_AUTO_TEST_CASE(the_second_takes_over_when_the_first_is_gone) {
  start("one").save("a");
  auto& two = start("two");
  hub.advance(1s);
  members["one"]->save("b");
  hub.advance(100ms);
  kill("one");
  hub.advance(4s);
  BOOST_CHECK_EQUAL(two.led, 0);
  hub.advance(3s);
  BOOST_CHECK_EQUAL(two.led, 1);
  BOOST_CHECK(two.failover->has_lease());
  BOOST_CHECK((two.has() == Texts{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(a_leader_that_was_overtaken_attempts_nothing_and_ends) {
  auto& one = start("one");
  auto& two = start("two");
  hub.advance(1s);
  one.bus.away = true;
  for (int i = 0; i < 100 && two.led == 0; ++i) {
    hub.advance(100ms);
    // Never both, not for an instant.
    BOOST_CHECK(!(one.failover->has_lease() && two.failover->has_lease()));
  }
  BOOST_CHECK_EQUAL(two.led, 1);
  BOOST_CHECK(!one.failover->has_lease());
  BOOST_CHECK_EQUAL(one.lost, "");
  const auto stale = one.save("stale");
  one.bus.away = false;
  hub.advance(3s);
  BOOST_CHECK_NE(one.lost.find("two leads"), std::string::npos);
  BOOST_CHECK(!one.failover->has_lease());
  BOOST_CHECK(two.has() == Texts{});
}

BOOST_AUTO_TEST_CASE(parts_of_an_earlier_leader_are_void) {
  auto& one = start("one");
  start("two");
  auto& three = start("three");
  hub.advance(1s);
  one.bus.away = true;
  one.save("stale");  // waits in its connection
  hub.advance(10s);
  one.bus.away = false;
  auto& leader = members["two"]->led != 0 ? *members["two"] : three;
  auto& follower = members["two"]->led != 0 ? three : *members["two"];
  BOOST_CHECK_EQUAL(leader.led, 1);
  hub.advance(15s);
  leader.save("new");
  hub.advance(1s);
  BOOST_CHECK(follower.has() == Texts{"new"});
}

BOOST_AUTO_TEST_CASE(a_leader_without_standby_continues_while_the_broker_is_away) {
  auto& one = start("one");
  BOOST_CHECK(one.failover->has_lease());
  one.bus.away = true;
  hub.advance(1h);
  BOOST_CHECK(one.failover->has_lease());
  one.bus.away = false;
  hub.advance(12s);
  BOOST_CHECK_EQUAL(one.lost, "");
}

BOOST_AUTO_TEST_CASE(a_leader_that_ends_is_followed_at_once) {
  auto& one = start("one");
  auto& two = start("two");
  hub.advance(1s);
  bool ended = false;
  one.failover->release([&] { ended = true; });
  hub.advance(50ms);
  BOOST_CHECK(ended);
  hub.advance(1100ms);
  BOOST_CHECK_EQUAL(two.led, 1);
}

BOOST_AUTO_TEST_CASE(an_end_does_not_wait_for_a_broker_that_is_away) {
  auto& one = start("one");
  one.bus.away = true;
  int ended = 0;
  one.failover->release([&] { ++ended; });
  hub.advance(2s);
  BOOST_CHECK_EQUAL(ended, 1);
  one.bus.away = false;
  hub.advance(2s);
  BOOST_CHECK_EQUAL(ended, 1);
}

BOOST_AUTO_TEST_CASE(a_leader_that_restarts_before_a_takeover_continues) {
  start("one").save("a");
  start("two");
  hub.advance(1s);
  const auto token = hub.entries.at({"leader", "test"}).revision;
  kill("one");
  hub.advance(2s);
  auto& one = start("one");
  BOOST_CHECK_EQUAL(one.led, 1);
  hub.advance(20s);
  BOOST_CHECK_EQUAL(members["two"]->led, 0);
  BOOST_CHECK_EQUAL(hub.entries.at({"leader", "test"}).revision, token);
  one.save("b");
  hub.advance(1s);
  BOOST_CHECK((members["two"]->has() == Texts{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(without_a_copy_a_standby_takes_over_only_when_told) {
  start("one").save("a");
  kill("one");
  auto& two = start("two");
  hub.advance(1h);
  BOOST_CHECK_EQUAL(two.led, 0);
  kill("two");
  auto& told = start("two", true);
  hub.advance(1s);
  BOOST_CHECK_EQUAL(told.led, 1);
  BOOST_CHECK(told.has() == Texts{});
}

BOOST_AUTO_TEST_CASE(a_standby_that_was_away_goes_on_with_its_copy) {
  auto& one = start("one");
  start("two");
  hub.advance(1s);
  one.save("a");
  hub.advance(1s);
  kill("two");
  one.save("b");
  hub.advance(1s);
  const auto copies = std::count_if(hub.journal.begin(), hub.journal.end(), [](const auto& event) {
    return event->type.clark() == "{urn:sense:gateway}copy";
  });
  auto& two = start("two");
  hub.advance(1s);
  BOOST_CHECK((two.has() == Texts{"a", "b"}));
  BOOST_CHECK_EQUAL(copies,
                    std::count_if(hub.journal.begin(), hub.journal.end(), [](const auto& event) {
                      return event->type.clark() == "{urn:sense:gateway}copy";
                    }));
}

BOOST_AUTO_TEST_CASE(a_standby_that_misses_a_part_gets_a_new_copy) {
  auto& one = start("one");
  auto& two = start("two");
  hub.advance(1s);
  two.bus.lose = [](const Event& event) { return event.type.local() == "changes"; };
  one.save("a");
  hub.advance(100ms);
  two.bus.lose = nullptr;
  one.save("b");
  hub.advance(100ms);
  BOOST_CHECK(two.has() == Texts{});
  // As long as it has not, it does not take over.
  BOOST_CHECK(!two.failover->has_lease());
  hub.advance(Standby::heartbeat_interval + 1s);
  BOOST_CHECK((two.has() == Texts{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(a_standby_that_missed_a_part_does_not_take_over) {
  auto& one = start("one");
  auto& two = start("two");
  hub.advance(1s);
  two.bus.lose = [](const Event& event) { return event.type.local() == "changes"; };
  one.save("a");
  hub.advance(100ms);
  two.bus.lose = nullptr;
  one.save("b");
  hub.advance(100ms);
  kill("one");
  hub.advance(1h);
  BOOST_CHECK_EQUAL(two.led, 0);
}

BOOST_AUTO_TEST_CASE(a_leader_that_cannot_publish_does_not_wait_and_makes_a_new_copy) {
  auto& one = start("one");
  auto& two = start("two");
  hub.advance(1s);
  one.bus.refusal = Error{Code::nomoreroom, "the queue is full"};
  const auto done = one.save("a");
  hub.advance(100ms);
  BOOST_CHECK(*done);
  BOOST_CHECK(*one.save("b"));
  one.bus.refusal.reset();
  hub.advance(Replication::retry_pause + 1s);
  BOOST_CHECK((two.has() == Texts{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(a_store_of_many_parts_is_copied_while_it_changes) {
  auto& one = start("one");
  for (int i = 0; i < 5000; ++i) one.save("queue-" + std::to_string(i));
  auto& two = start("two");
  for (int i = 0; i < 200; ++i) {
    one.save("more-" + std::to_string(i));
    hub.advance(1ms);
  }
  hub.advance(1s);
  BOOST_CHECK_EQUAL(two.has().size(), 5200U);
  BOOST_CHECK(two.has() == one.has());
  BOOST_CHECK(!std::filesystem::exists(place / "one" / "copy.db"));
  BOOST_CHECK(!std::filesystem::exists(place / "two" / "copy.db"));
}

BOOST_AUTO_TEST_CASE(a_standby_that_is_gone_is_not_served_for_ever) {
  auto& one = start("one");
  start("two");
  hub.advance(1s);
  kill("two");
  one.save("a");
  hub.advance(Replication::standby_timeout + 1s);
  const auto before = one.bus.published.size();
  BOOST_CHECK(*one.save("b"));
  hub.advance(1min);
  BOOST_CHECK_EQUAL(one.bus.published.size(), before + 1);  // that the stream has ended
  BOOST_CHECK(*one.save("c"));
  hub.advance(1min);
  BOOST_CHECK_EQUAL(one.bus.published.size(), before + 1);
}

BOOST_AUTO_TEST_CASE(a_standby_that_was_away_too_long_does_not_take_over_with_its_old_copy) {
  auto& one = start("one");
  start("two");
  hub.advance(1s);
  kill("two");
  hub.advance(Replication::standby_timeout + 1s);
  one.bus.refusal = Error{Code::nomoreroom, "the disk is full"};  // it is told once there is room
  one.save("a");
  hub.advance(1s);
  one.bus.refusal.reset();
  hub.advance(Replication::retry_pause + 1s);
  kill("one");
  hub.advance(1min);  // so that the lease is free before the second has read anything
  auto& two = start("two");
  hub.advance(1h);
  BOOST_CHECK_EQUAL(two.led, 0);
  auto& again = start("one");
  hub.advance(1min);
  BOOST_CHECK_EQUAL(again.led, 1);
  BOOST_CHECK(two.has() == Texts{"a"});
  kill("one");
  hub.advance(1min);
  BOOST_CHECK_EQUAL(two.led, 1);
}

BOOST_AUTO_TEST_CASE(a_standby_whose_next_copy_has_failed_does_not_take_over_with_the_last_one) {
  auto& first = start("one");
  for (int i = 0; i < 5000; ++i) first.save("queue-" + std::to_string(i));
  auto& two = start("two");
  hub.advance(1s);
  BOOST_REQUIRE_EQUAL(two.has().size(), 5000U);
  kill("one");
  two.bus.lose = [](const Event& event) {
    const auto part = replication_part(event);
    return part && !part->changes && part->last && part->number > 1;
  };
  auto& one = start("one");
  hub.advance(1s);
  one.save("a");
  hub.advance(100ms);
  two.bus.lose = nullptr;
  kill("one");
  hub.advance(1h);
  BOOST_CHECK_EQUAL(two.led, 0);
}

BOOST_AUTO_TEST_CASE(a_position_alone_is_sent_once_a_minute) {
  auto& one = start("one");
  start("two");
  hub.advance(1s);
  one.save("a");
  hub.advance(1s);
  const auto before = one.bus.published.size();
  for (int i = 0; i < 50; ++i) {
    BOOST_REQUIRE(one.store->save(++one.position, {}, {}, hub.clock.now()));
    bool done = false;
    one.failover->saved(true, [&] { done = true; });
    BOOST_CHECK(done);
    hub.advance(1s);
  }
  BOOST_CHECK_EQUAL(one.bus.published.size(), before);
  hub.advance(10s);
  BOOST_REQUIRE(one.store->save(++one.position, {}, {}, hub.clock.now()));
  one.failover->saved(true, [] {});
  hub.advance(100ms);
  BOOST_CHECK_EQUAL(one.bus.published.size(), before + 1);
}

BOOST_AUTO_TEST_CASE(malformed_parts_are_ignored) {
  const ReplicationPart part{"http", 7, "s", 3, true, true};
  const auto good = to_event(part, "web1", "octets", hub.clock.now().wall);
  const auto read = replication_part(good);
  BOOST_REQUIRE(read);
  BOOST_CHECK_EQUAL(read->token, 7U);
  BOOST_CHECK_EQUAL(read->number, 3U);
  BOOST_CHECK(read->changes);
  BOOST_CHECK(read->last);
  auto damaged = good;
  damaged.data[3] ^= 1;
  BOOST_CHECK(!replication_part(damaged));
  for (const auto* name : {"token", "part", "stream", "last", "sum"}) {
    auto without = good;
    without.extensions.erase(name);
    BOOST_CHECK(!replication_part(without));
    auto wrong = good;
    wrong.extensions[name] = std::int32_t{1};
    BOOST_CHECK(!replication_part(wrong));
  }
  auto wrong = good;
  wrong.extensions["token"] = std::string("7x");
  BOOST_CHECK(!replication_part(wrong));
  BOOST_CHECK(!replication_part(event_of("{urn:a}copy")));
  BOOST_CHECK(!standby_heartbeat(good));
  BOOST_CHECK(validate(good).has_value());
  BOOST_CHECK(
      validate(to_event(StandbyHeartbeat{"web2", "http", ""}, hub.clock.now().wall)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

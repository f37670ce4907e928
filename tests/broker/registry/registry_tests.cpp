// SPDX-License-Identifier: Apache-2.0
#include "broker/registry/registry.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/broker/registry_fixture.hpp"

using namespace sense;
using namespace std::chrono_literals;

namespace {

std::string event_type(const Result<Registry::Put>& put) {
  if (!put) return put.error().message;
  if (!put->change) return "no change";
  if (!put->change->event) return "no event";
  BOOST_CHECK(validate(*put->change->event).has_value());
  return std::string(put->change->event->type.local());
}

// The index of owners against what a look at every value says.
void check_owned(const Registry& registry, const std::string& owner) {
  std::vector<std::string> expected;
  if (!owner.empty())
    for (const auto& entry : registry.list("subscription", "", 100))
      if (subscription_from_json(entry.value)->owner == owner) expected.push_back(entry.key);
  std::vector<std::string> found;
  for (const auto& entry : registry.list_owned(owner, "", 100)) found.push_back(entry.key);
  BOOST_TEST_REQUIRE(found == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(registry_tests)

BOOST_AUTO_TEST_CASE(the_right_to_list_decides_whose_management_events_a_subscription_gets) {
  RegistryFixture fixture;
  auto subscription = fixture.leased("s-1", 10min);
  subscription.owner = "shop";
  // Whether it gets those about its owner alone, after a PUT of that principal.
  const auto own_only = [&](const char* principal, bool lists) {
    subscription.labels["made"] += "x";  // else nothing changes
    const auto current = fixture.registry.get("subscription", "s-1");
    const auto put = fixture.registry.put(
        {"subscription", "s-1", current ? current->revision : 0, to_json(subscription, true)},
        "why", {principal, {}, lists}, fixture.sequence++, fixture.clock.now());
    BOOST_REQUIRE_MESSAGE(put, (put ? "" : put.error().message));
    return fixture.held("s-1").own_only;
  };
  BOOST_CHECK(!own_only("shop", false));  // which names none of them
  subscription.types = {*TypePattern::parse("{urn:sense:management}subscription-ended")};
  BOOST_CHECK(own_only("shop", false));
  BOOST_CHECK(own_only("gateway", true));  // that suspends it
  BOOST_CHECK(!own_only("shop", true));    // which has the right now
  BOOST_CHECK(!own_only("gateway", true));
  subscription.own_only = true;
  BOOST_CHECK(!own_only("gateway", true));  // whatever a client says
  subscription.own_only = false;
  BOOST_CHECK(own_only("shop", false));
  subscription.types.push_back(*TypePattern::parse("{urn:sense:management}*"));
  BOOST_CHECK(!own_only("boss", true));  // who chooses the types
  const auto ended = fixture.registry.remove("subscription", "s-1", 0, "", "shop",
                                             fixture.sequence++, fixture.clock.now());
  BOOST_CHECK(ended.has_value());
  BOOST_CHECK(!own_only("boss", true));  // made for another
}

BOOST_AUTO_TEST_CASE(life_of_a_subscription_is_announced_step_by_step) {
  RegistryFixture fixture;
  auto subscription = fixture.leased("s-1", 10min);
  subscription.state = SubscriptionState::pending;
  auto step = [&](SubscriptionState state) {
    subscription.state = state;
    const auto current = fixture.registry.get("subscription", "s-1");
    return event_type(fixture.put(subscription, current ? current->revision : 0));
  };
  BOOST_CHECK_EQUAL(step(SubscriptionState::pending), "subscription-created");
  BOOST_CHECK_EQUAL(fixture.held("s-1").since, 0u);
  BOOST_CHECK_EQUAL(step(SubscriptionState::active), "subscription-verified");
  BOOST_CHECK_EQUAL(fixture.held("s-1").since, 101u);
  BOOST_CHECK_EQUAL(step(SubscriptionState::paused), "subscription-paused");
  BOOST_CHECK_EQUAL(step(SubscriptionState::active), "subscription-resumed");
  BOOST_CHECK_EQUAL(fixture.held("s-1").since, 101u);
  BOOST_CHECK_EQUAL(step(SubscriptionState::suspended), "subscription-suspended");
  BOOST_CHECK_EQUAL(step(SubscriptionState::active), "subscription-resumed");
  subscription.expires = *subscription.expires + 5min;
  BOOST_CHECK_EQUAL(step(SubscriptionState::active), "subscription-renewed");
  subscription.callback = "https://other.example/";
  BOOST_CHECK_EQUAL(step(SubscriptionState::active), "subscription-edited");
  subscription.callback = "https://another.example/";
  BOOST_CHECK_EQUAL(step(SubscriptionState::pending), "subscription-edited");
  BOOST_CHECK_EQUAL(step(SubscriptionState::active), "subscription-verified");
  BOOST_CHECK_EQUAL(step(SubscriptionState::ended), "subscription-ended");
  BOOST_CHECK(!fixture.registry.get("subscription", "s-1"));
  BOOST_CHECK(!fixture.registry.next_expiry());
}

BOOST_AUTO_TEST_CASE(revision_is_that_of_the_announcing_event) {
  RegistryFixture fixture;
  const auto put = fixture.put(make_subscription("s-1"), 0);
  BOOST_REQUIRE(put);
  BOOST_CHECK_EQUAL(put->revision, 100u);
  BOOST_CHECK_EQUAL(put->change->row.entry.revision, 100u);
  BOOST_CHECK_EQUAL(fixture.registry.get("subscription", "s-1")->revision, 100u);
  BOOST_CHECK_EQUAL(fixture.held("s-1").revision, 100u);
}

BOOST_AUTO_TEST_CASE(edit_made_from_an_old_revision_is_badcontext) {
  RegistryFixture fixture;
  auto subscription = make_subscription("s-1");
  BOOST_REQUIRE(fixture.put(subscription, 0));
  subscription.callback = "https://one.example/";
  BOOST_REQUIRE(fixture.put(subscription, 100));
  subscription.callback = "https://two.example/";
  for (const std::uint64_t revision : {0U, 99U, 100U, 102U}) {
    const auto refused = fixture.put(subscription, revision);
    BOOST_REQUIRE(!refused);
    BOOST_CHECK(refused.error().code == Code::badcontext);
    BOOST_CHECK_NE(refused.error().message.find("101"), std::string::npos);
  }
  BOOST_CHECK_EQUAL(fixture.held("s-1").callback, "https://one.example/");
  const auto absent = fixture.put(make_subscription("s-2"), 5);
  BOOST_REQUIRE(!absent);
  BOOST_CHECK(absent.error().code == Code::badcontext);
}

BOOST_AUTO_TEST_CASE(repeated_put_changes_nothing_and_answers_the_same) {
  RegistryFixture fixture;
  const auto subscription = fixture.leased("s-1", 10min);
  BOOST_REQUIRE(fixture.put(subscription, 0));
  fixture.clock.advance(5s);
  const auto again = fixture.put(subscription, 0);
  BOOST_REQUIRE(again);
  BOOST_CHECK(!again->change);
  BOOST_CHECK_EQUAL(again->revision, 100u);
  const RegistryEntry gateway{"gateway", "http", 0, "{\"a\":1}"};
  BOOST_REQUIRE(fixture.put(gateway));
  const auto repeated = fixture.put(gateway);
  BOOST_REQUIRE(repeated);
  BOOST_CHECK(!repeated->change);
  BOOST_CHECK_EQUAL(repeated->revision, 101u);
}

BOOST_AUTO_TEST_CASE(what_is_no_subscription_is_refused) {
  RegistryFixture fixture;
  const auto good = to_json(make_subscription("s-1"), true);
  BOOST_CHECK(!fixture.put({"subscription", "s-1", 0, "{}"}));
  BOOST_CHECK(!fixture.put({"subscription", "s-1", 0, "no json"}));
  BOOST_CHECK(!fixture.put({"subscription", "s-2", 0, good}));
  BOOST_CHECK(!fixture.put({"subscription", "", 0, good}));
  BOOST_CHECK(!fixture.put({"source", "//a", 0, "{}"}));
  BOOST_CHECK(!fixture.put({"other", "a", 0, "{}"}));
  BOOST_CHECK(fixture.put({"subscription", "s-1", 0, good}).has_value());
}

BOOST_AUTO_TEST_CASE(keys_and_values_outside_their_limits_are_refused) {
  RegistryFixture fixture;
  const auto code = [&](const std::string& key, const std::string& value) {
    const auto put = fixture.put({"gateway", key, 0, value});
    if (put) BOOST_CHECK(validate(*put->change->event).has_value());
    return put ? Code::noerror : put.error().code;
  };
  BOOST_CHECK(code(std::string(256, 'k'), "v") == Code::noerror);
  BOOST_CHECK(code(std::string(257, 'k'), "v") == Code::badparam);
  BOOST_CHECK(code("", "v") == Code::badparam);
  BOOST_CHECK(code("\xff", "v") == Code::badparam);
  BOOST_CHECK(code(std::string("a\0b", 3), "v") == Code::badparam);
  BOOST_CHECK(code("empty", "") == Code::badparam);
  BOOST_CHECK(code("big", std::string(64 * 1024, 'v')) == Code::noerror);
  BOOST_CHECK(code("bigger", std::string(64 * 1024 + 1, 'v')) == Code::varvaltoobig);
  BOOST_CHECK(code("worst", std::string(64 * 1024, '\x01')) == Code::noerror);
  BOOST_CHECK(code("no text", std::string(64 * 1024, '\xff')) == Code::noerror);
}

BOOST_AUTO_TEST_CASE(full_registry_refuses_new_ones_but_takes_changes) {
  RegistryFixture fixture({.subscriptions_max = 2, .sources_max = 2, .gateways_max = 1});
  BOOST_REQUIRE(fixture.put(make_subscription("s-1"), 0));
  BOOST_REQUIRE(fixture.put(make_subscription("s-2"), 0));
  const auto refused = fixture.put(make_subscription("s-3"), 0);
  BOOST_REQUIRE(!refused);
  BOOST_CHECK(refused.error().code == Code::nomoreroom);
  auto changed = make_subscription("s-2");
  changed.callback = "https://other.example/";
  BOOST_CHECK(fixture.put(changed, 101).has_value());
  BOOST_REQUIRE(fixture.remove("s-1", 0));
  BOOST_CHECK(fixture.put(make_subscription("s-3"), 0).has_value());
}

BOOST_AUTO_TEST_CASE(sources_are_noted_once_and_up_to_the_limit) {
  RegistryFixture fixture({.subscriptions_max = 2, .sources_max = 2, .gateways_max = 1});
  BOOST_CHECK(fixture.registry.note_source("//a").has_value());
  BOOST_CHECK(!fixture.registry.note_source("//a"));
  BOOST_CHECK(fixture.registry.note_source("//b").has_value());
  BOOST_CHECK(!fixture.registry.note_source("//c"));
  BOOST_CHECK_EQUAL(fixture.registry.count("source"), 2u);
  BOOST_CHECK(!fixture.registry.remove("source", "//a", 0, "", "tester", 1, fixture.clock.now()));
}

BOOST_AUTO_TEST_CASE(lease_ends_at_its_time_and_not_before) {
  RegistryFixture fixture;
  BOOST_REQUIRE(fixture.put(fixture.leased("s-1", 10min), 0));
  BOOST_REQUIRE(fixture.put(fixture.leased("s-2", 20min), 0));
  fixture.clock.advance(10min - 1us);
  BOOST_CHECK(fixture.expire().empty());
  fixture.clock.advance(1us);
  BOOST_TEST(fixture.expire() == std::vector<std::string>{"s-1"}, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(fixture.registry.count("subscription"), 1u);
  fixture.clock.advance(10min);
  BOOST_TEST(fixture.expire() == std::vector<std::string>{"s-2"}, boost::test_tools::per_element());
  BOOST_CHECK(!fixture.registry.next_expiry());
}

BOOST_AUTO_TEST_CASE(jump_of_the_wall_clock_ends_no_lease) {
  RegistryFixture fixture;
  BOOST_REQUIRE(fixture.put(fixture.leased("s-1", 10min), 0));
  fixture.clock.jump_wall(24h);
  BOOST_CHECK(fixture.expire().empty());
  fixture.clock.jump_wall(-48h);
  fixture.clock.advance(9min);
  BOOST_CHECK(fixture.expire().empty());
  fixture.clock.advance(1min);
  BOOST_CHECK_EQUAL(fixture.expire().size(), 1u);
}

BOOST_AUTO_TEST_CASE(renewed_lease_ends_only_once_and_later) {
  RegistryFixture fixture;
  BOOST_REQUIRE(fixture.put(fixture.leased("s-1", 10min), 0));
  std::uint64_t revision = 100;
  for (int i = 0; i < 100; ++i) {
    fixture.clock.advance(5min);
    const auto renewed = fixture.put(fixture.leased("s-1", 10min), revision);
    BOOST_REQUIRE(renewed);
    revision = renewed->revision;
    BOOST_CHECK(fixture.expire().empty());
  }
  BOOST_CHECK(*fixture.registry.next_expiry() == fixture.clock.now().mono + 10min);
  fixture.clock.advance(10min);
  BOOST_CHECK_EQUAL(fixture.expire().size(), 1u);
}

BOOST_AUTO_TEST_CASE(subscription_whose_lease_was_taken_away_never_expires) {
  RegistryFixture fixture;
  BOOST_REQUIRE(fixture.put(fixture.leased("s-1", 10min), 0));
  BOOST_REQUIRE(fixture.put(make_subscription("s-1"), 100));
  BOOST_CHECK(!fixture.registry.next_expiry());
  fixture.clock.advance(24h);
  BOOST_CHECK(fixture.expire().empty());
}

BOOST_AUTO_TEST_CASE(lease_that_ended_while_the_broker_was_down_ends_at_once) {
  RegistryFixture fixture;
  const auto subscription = fixture.leased("s-1", 10min);
  fixture.clock.advance(1h);
  BOOST_REQUIRE(fixture.registry.load({{"subscription", "s-1", 5, to_json(subscription, true)}, {}},
                                      fixture.clock.now()));
  BOOST_CHECK_EQUAL(fixture.expire().size(), 1u);
}

BOOST_AUTO_TEST_CASE(what_stands_beside_the_value_is_believed_without_reading_the_value) {
  RegistryFixture fixture;
  const auto subscription = fixture.leased("s-1", 10min);
  const auto end = fixture.clock.now().wall + 5min;
  BOOST_REQUIRE(fixture.registry.load(
      {{"subscription", "s-1", 5, to_json(subscription, true)}, SubscriptionHead{"another", end}},
      fixture.clock.now()));
  BOOST_REQUIRE(fixture.registry.load(
      {{"subscription", "s-2", 6, "{\"what\":"}, SubscriptionHead{"another", {}}},
      fixture.clock.now()));
  BOOST_CHECK_EQUAL(fixture.registry.list_owned("another", "", 10).size(), 2u);
  BOOST_CHECK(fixture.registry.list_owned("owner", "", 10).empty());
  BOOST_REQUIRE(fixture.registry.next_expiry());
  BOOST_CHECK(*fixture.registry.next_expiry() == fixture.clock.now().mono + 5min);
  fixture.clock.advance(5min);
  BOOST_TEST(fixture.expire() == std::vector<std::string>{"s-1"}, boost::test_tools::per_element());
  BOOST_CHECK(!fixture.registry.next_expiry());
}

BOOST_AUTO_TEST_CASE(row_that_cannot_be_read_is_reported_and_not_served) {
  RegistryFixture fixture;
  const auto status =
      fixture.registry.load({{"subscription", "s-1", 5, "{\"what\":"}, {}}, fixture.clock.now());
  BOOST_REQUIRE(!status);
  BOOST_CHECK_NE(status.error().message.find("s-1"), std::string::npos);
  BOOST_CHECK(!fixture.registry.get("subscription", "s-1"));
}

// The gateways report that they cannot serve it; a version that cannot read it does not change it.
BOOST_AUTO_TEST_CASE(row_of_a_newer_version_is_kept_and_harms_nothing) {
  RegistryFixture fixture;
  const std::string newer = R"({"id":"s-1","what":1,"expires":"2000-01-01T00:00:00Z"})";
  BOOST_REQUIRE(
      fixture.registry.load({{"subscription", "s-1", 5, newer}, {}}, fixture.clock.now()));
  BOOST_CHECK_EQUAL(fixture.registry.get("subscription", "s-1")->value, newer);
  BOOST_CHECK(fixture.expire().empty());
  const auto removed = fixture.remove("s-1", 5);
  BOOST_REQUIRE(!removed);
  BOOST_CHECK(removed.error().code == Code::notyetimplemented);
  BOOST_CHECK_NE(removed.error().message.find("s-1 is kept"), std::string::npos);
  const auto put = fixture.put(make_subscription("s-1"), 5);
  BOOST_REQUIRE(!put);
  BOOST_CHECK(put.error().code == Code::notyetimplemented);
  BOOST_CHECK_EQUAL(fixture.registry.get("subscription", "s-1")->value, newer);
}

BOOST_AUTO_TEST_CASE(remove_compares_the_revision_and_zero_takes_any) {
  RegistryFixture fixture;
  BOOST_REQUIRE(fixture.put(make_subscription("s-1"), 0));
  BOOST_CHECK(fixture.remove("s-1", 99).error().code == Code::badcontext);
  BOOST_CHECK(fixture.remove("s-2", 0).error().code == Code::notfound);
  const auto removed = fixture.remove("s-1", 100);
  BOOST_REQUIRE(removed);
  BOOST_CHECK_EQUAL(removed->event->type.local(), "subscription-ended");
  BOOST_CHECK_NE(removed->event->data.find("gone"), std::string::npos);
  BOOST_CHECK(fixture.remove("s-1", 0).error().code == Code::notfound);
}

BOOST_AUTO_TEST_CASE(secret_of_a_pending_subscription_is_not_announced) {
  RegistryFixture fixture;
  auto subscription = make_subscription("s-1");
  subscription.state = SubscriptionState::pending;
  subscription.challenge_hash = std::string(64, 'c');
  const auto put = fixture.put(subscription, 0);
  BOOST_REQUIRE(put);
  BOOST_CHECK_EQUAL(put->change->event->data.find("cccc"), std::string::npos);
  BOOST_CHECK_NE(put->change->row.entry.value.find("cccc"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(list_is_ordered_and_can_be_turned_page_by_page) {
  RegistryFixture fixture;
  for (const auto* key : {"c", "a", "b", "e", "d"})
    BOOST_REQUIRE(fixture.put({"gateway", key, 0, "v"}));
  std::string seen;
  std::string after;
  for (;;) {
    const auto page = fixture.registry.list("gateway", after, 2);
    if (page.empty()) break;
    for (const auto& entry : page) seen += entry.key;
    after = page.back().key;
  }
  BOOST_CHECK_EQUAL(seen, "abcde");
  BOOST_CHECK(fixture.registry.list("none", "", 10).empty());
}

BOOST_AUTO_TEST_CASE(rollback_restores_rows_and_leases_as_they_were) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    RegistryFixture fixture;
    const std::array<const char*, 4> owners = {"owner", "a", "b", ""};
    const auto id = [&] { return "s-" + std::to_string(random() % 4); };
    const auto change = [&] {
      const auto key = id();
      const auto current = fixture.registry.get("subscription", key);
      const auto revision = current ? current->revision : 0;
      switch (random() % 5) {
        case 0: (void)fixture.remove(key, 0); break;
        case 1: (void)fixture.put(owned(key, owners[random() % owners.size()]), revision); break;
        case 2: (void)fixture.registry.note_source("//" + key); break;
        case 3: (void)fixture.expire(); break;
        default:
          (void)fixture.put(fixture.leased(key, std::chrono::minutes{1 + random() % 9}), revision);
      }
      fixture.clock.advance(std::chrono::seconds{random() % 90});
    };
    for (int i = 0; i < 6; ++i) change();
    for (const auto* owner : owners) check_owned(fixture.registry, owner);
    fixture.registry.commit();
    const auto before = fixture.registry.list("subscription", "", 100);
    const auto sources = fixture.registry.count("source");
    const auto lease = fixture.registry.next_expiry();
    const auto kept = fixture.sequence;
    for (int i = 0; i < 8; ++i) change();
    // A jump of the wall clock meanwhile must not move what is restored.
    fixture.clock.jump_wall(24h);
    fixture.registry.rollback();
    fixture.sequence = kept;
    const auto after = fixture.registry.list("subscription", "", 100);
    BOOST_REQUIRE_EQUAL(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
      BOOST_REQUIRE_EQUAL(after[i].key, before[i].key);
      BOOST_REQUIRE_EQUAL(after[i].value, before[i].value);
      BOOST_REQUIRE_EQUAL(after[i].revision, before[i].revision);
    }
    for (const auto* owner : owners) check_owned(fixture.registry, owner);
    BOOST_REQUIRE_EQUAL(fixture.registry.count("source"), sources);
    BOOST_REQUIRE(fixture.registry.next_expiry() == lease);
  }
}

BOOST_AUTO_TEST_SUITE_END()

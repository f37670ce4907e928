// SPDX-License-Identifier: Apache-2.0
#include "core/registry/subscription_client.hpp"

#include "tests/core/registry/subscriptions_fixture.hpp"

using sense::Code;
using sense::RegistryEntry;
using sense::Result;
using sense::Subscriptions;
using sense::SubscriptionState;
using sense::testing::subscription_of;
using sense::testing::SubscriptionsFixture;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(subscription_client_tests, SubscriptionsFixture)

BOOST_AUTO_TEST_CASE(create_writes_what_was_asked_and_answers_once) {
  auto wanted = request();
  wanted.labels = {{"room", "2"}};
  wanted.delivery.window = 3;
  subscriptions.create(wanted, done());
  const auto made = success();
  BOOST_CHECK_EQUAL(made->id.size(), 28U);
  BOOST_CHECK(made->id.starts_with("s-"));
  BOOST_CHECK_EQUAL(made->revision, 1U);
  BOOST_CHECK(made->state == SubscriptionState::pending);
  const auto stored = kept(made->id);
  BOOST_CHECK_EQUAL(stored.owner, "tester");
  BOOST_CHECK_EQUAL(stored.via, "http");
  BOOST_CHECK(stored.expires == clock.now().wall + 10min);
  BOOST_CHECK(stored.labels == wanted.labels);
  BOOST_CHECK(stored.delivery == wanted.delivery);
  BOOST_CHECK((bus.reasons == std::vector<std::string>{"created"}));
}

BOOST_AUTO_TEST_CASE(what_a_requester_does_not_decide_is_not_taken_from_a_request) {
  auto wanted = request();
  wanted.id = "s-chosen";
  wanted.revision = 7;
  wanted.since = 7;
  wanted.created = wanted.updated = clock.now().wall - 1h;
  wanted.expires = clock.now().wall + 1000h;
  wanted.state = sense::SubscriptionState::active;
  wanted.reason = "chosen";
  wanted.challenge_hash = std::string(64, 'a');
  subscriptions.create(wanted, done());
  const auto& made = *success();
  BOOST_CHECK(made.id != "s-chosen");
  BOOST_CHECK_EQUAL(made.revision, bus.sequence);
  BOOST_CHECK_EQUAL(made.since, 0U);
  BOOST_CHECK(made.created == clock.now().wall && made.updated == clock.now().wall);
  BOOST_CHECK(made.expires == clock.now().wall + 10min);
  BOOST_CHECK(made.state == sense::SubscriptionState::pending);
  BOOST_CHECK_EQUAL(made.reason, "");
  BOOST_CHECK_EQUAL(made.challenge_hash, "");
}

BOOST_AUTO_TEST_CASE(two_creations_have_two_ids) {
  subscriptions.create(request(), done());
  const auto first = success()->id;
  subscriptions.create(request(), done());
  BOOST_CHECK_NE(first, success()->id);
  BOOST_CHECK_EQUAL(first.size(), 2 + 130 / 5);  // bits, five to a character
}

BOOST_AUTO_TEST_CASE(a_proved_callback_is_active_at_once) {
  auto wanted = request();
  wanted.callback_proved = true;
  subscriptions.create(wanted, done());
  BOOST_CHECK(success()->state == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(a_lease_is_granted_up_to_the_longest) {
  auto wanted = request();
  wanted.period = 24h;
  subscriptions.create(wanted, done());
  BOOST_CHECK(success()->period == sense::Duration{1h});
}

BOOST_AUTO_TEST_CASE(a_wrong_request_is_refused_later_and_once_and_writes_nothing) {
  const auto refuse = [this](Code code, std::string_view part,
                             const std::function<void(Subscriptions::Request&)>& spoil) {
    auto wanted = request();
    spoil(wanted);
    subscriptions.create(wanted, done());
    refused(code, part);
  };
  refuse(Code::badparam, "period", [](auto& r) { r.period = 0s; });
  refuse(Code::badparam, "period", [](auto& r) { r.period = -1h; });
  refuse(Code::varnotfound, "callback", [](auto& r) { r.callback = ""; });
  refuse(Code::badparam, "callback", [](auto& r) { r.callback = "no uri"; });
  refuse(Code::noserver, "'other:'", [](auto& r) { r.callback = "other://one/"; });
  refuse(Code::badparam, "filter: column 4", [](auto& r) { r.filter = "x ="; });
  refuse(Code::badparam, "window", [](auto& r) { r.delivery.window = 0; });
  BOOST_CHECK_EQUAL(bus.puts, 0);
}

BOOST_AUTO_TEST_CASE(what_the_registry_refuses_is_passed_on) {
  bus.failure = sense::Error{Code::nomoreroom, "full"};
  subscriptions.create(request(), done());
  refused(Code::nomoreroom, "full");
}

BOOST_AUTO_TEST_CASE(renew_grants_a_new_lease_from_now) {
  keep(leased("s-1"));
  clock.advance(4min);
  subscriptions.renew("s-1", 10min, done());
  BOOST_CHECK(success()->expires == clock.now().wall + 10min);
  BOOST_CHECK(kept("s-1").period == sense::Duration{10min});
  BOOST_CHECK(kept("s-1").updated == clock.now().wall);
  subscriptions.renew("s-1", 100h, done());
  BOOST_CHECK(success()->period == sense::Duration{1h});
}

BOOST_AUTO_TEST_CASE(renew_is_refused_where_there_is_nothing_to_renew) {
  keep(subscription_of("s-static", {"{urn:a}x"}));
  subscriptions.renew("s-static", 10min, done());
  refused(Code::noaccess, "configuration");
  subscriptions.renew("s-unknown", 10min, done());
  refused(Code::notfound);
  keep(leased("s-1"));
  subscriptions.renew("s-1", 0s, done());
  refused(Code::badparam, "period");
  BOOST_CHECK_EQUAL(bus.puts, 0);
}

BOOST_AUTO_TEST_CASE(a_change_meanwhile_is_kept_and_the_edit_repeated) {
  keep(leased("s-1"));
  bus.before_put = [this] {
    auto other = leased("s-1");
    other.labels = {{"by", "another"}};
    keep(other);
  };
  subscriptions.renew("s-1", 20min, done());
  BOOST_CHECK(success()->period == sense::Duration{20min});
  BOOST_CHECK_EQUAL(bus.puts, 2);
  BOOST_CHECK_EQUAL(kept("s-1").labels.at("by"), "another");
  BOOST_CHECK(kept("s-1").period == sense::Duration{20min});
}

BOOST_AUTO_TEST_CASE(a_registry_that_always_changes_ends_the_attempts) {
  keep(leased("s-1"));
  std::function<void()> race = [&] {
    keep(leased("s-1"));
    bus.before_put = race;
  };
  bus.before_put = race;
  subscriptions.renew("s-1", 20min, done());
  refused(Code::badcontext);
  BOOST_CHECK_EQUAL(bus.puts, 3);
}

BOOST_AUTO_TEST_CASE(cancel_removes_it_and_says_why) {
  keep(leased("s-1"));
  subscriptions.cancel("s-1", "revoked", done());
  BOOST_CHECK(success()->state == SubscriptionState::ended);
  BOOST_CHECK(bus.entries.empty());
  BOOST_CHECK((bus.reasons == std::vector<std::string>{"revoked"}));
  subscriptions.cancel("s-1", "revoked", done());
  refused(Code::notfound);
}

BOOST_AUTO_TEST_CASE(the_configuration_files_are_not_cancelled) {
  auto fixed = subscription_of("s-1", {"{urn:a}x"});
  fixed.via = "config";
  keep(fixed);
  subscriptions.cancel("s-1", "cancelled", done());
  refused(Code::noaccess, "configuration");
  BOOST_CHECK_EQUAL(bus.entries.size(), 1U);
}

BOOST_AUTO_TEST_CASE(the_right_token_activates_once) {
  auto pending = leased("s-1");
  pending.state = SubscriptionState::pending;
  keep(pending);
  subscriptions.store_challenge("s-1", "test://one/", "secret", done());
  BOOST_CHECK(success()->state == SubscriptionState::pending);
  BOOST_CHECK_EQUAL(kept("s-1").challenge_hash, sense::sha256_hex("secret"));
  for (const auto* token : {"", "Secret", "secre", "secret "}) {
    subscriptions.confirm("s-1", token, done());
    refused(Code::noaccess);
  }
  subscriptions.confirm("s-1", kept("s-1").challenge_hash, done());
  refused(Code::noaccess);
  subscriptions.confirm("s-1", "secret", done());
  BOOST_CHECK(success()->state == SubscriptionState::active);
  BOOST_CHECK(kept("s-1").challenge_hash.empty());
  subscriptions.confirm("s-1", "secret", done());
  refused(Code::noaccess);
}

BOOST_AUTO_TEST_CASE(nothing_confirms_a_subscription_without_a_challenge) {
  auto pending = leased("s-1");
  pending.state = SubscriptionState::pending;
  keep(pending);
  subscriptions.confirm("s-1", "", done());
  refused(Code::noaccess);
}

BOOST_AUTO_TEST_CASE(a_challenge_counts_before_it_is_sent_and_says_so_until_then) {
  auto pending = leased("s-1");
  pending.state = SubscriptionState::pending;
  BOOST_CHECK(sense::must_be_asked(pending));
  keep(pending);
  subscriptions.store_challenge("s-1", "test://one/", "secret", done());
  BOOST_CHECK(sense::must_be_asked(*success()));
  const auto updated = kept("s-1").updated;
  subscriptions.challenge_sent("s-1", "another", done());
  refused(Code::duplicate);
  clock.advance(1min);
  subscriptions.challenge_sent("s-1", "secret", done());
  BOOST_CHECK(!sense::must_be_asked(*success()));
  BOOST_CHECK_EQUAL(kept("s-1").reason, "");
  BOOST_CHECK(kept("s-1").updated == updated);
  subscriptions.store_challenge("s-1", "test://one/", "second", done());
  BOOST_CHECK(sense::must_be_asked(*success()));
  subscriptions.confirm("s-1", "secret", done());
  refused(Code::noaccess);
  subscriptions.confirm("s-1", "second", done());
  BOOST_CHECK(success()->state == SubscriptionState::active);
  BOOST_CHECK_EQUAL(kept("s-1").reason, "");
  BOOST_CHECK(!sense::must_be_asked(kept("s-1")));
  subscriptions.challenge_sent("s-1", "second", done());
  refused(Code::duplicate);
}

BOOST_AUTO_TEST_CASE(a_move_changes_place_owner_and_labels_and_resumes) {
  auto held = leased("s-1");
  held.owner = held.callback;
  held.state = SubscriptionState::suspended;
  held.reason = "no acknowledgement";
  held.labels = {{"kept", "1"}, {"listener", "a"}};
  keep(held);
  const sense::Subscriptions::Move move{
      held.callback, "test://two/", "test://two/", {{"listener", "b"}}};
  subscriptions.move("s-1", 10min, move, done());
  const auto moved = success();
  BOOST_CHECK_EQUAL(moved->callback, "test://two/");
  BOOST_CHECK_EQUAL(moved->owner, "test://two/");
  BOOST_CHECK_EQUAL(moved->labels.at("kept"), "1");
  BOOST_CHECK_EQUAL(moved->labels.at("listener"), "b");
  BOOST_CHECK(moved->state == SubscriptionState::active);
  BOOST_CHECK_EQUAL(moved->reason, "");
  BOOST_CHECK(moved->period == sense::Duration{10min});
  // A repeat, and one that comes too late for the place that it saw.
  subscriptions.move("s-1", 10min, move, done());
  BOOST_CHECK_EQUAL(success()->callback, "test://two/");
  subscriptions.move("s-1", 10min, {held.callback, "test://three/", "test://three/", {}}, done());
  refused(Code::notfound);
  BOOST_CHECK_EQUAL(kept("s-1").callback, "test://two/");
}

BOOST_AUTO_TEST_CASE(a_move_does_not_touch_what_has_no_lease_or_has_ended) {
  auto configured = leased("s-1");
  configured.via = "config";
  configured.expires.reset();
  configured.period = sense::Duration{0};
  keep(configured);
  const sense::Subscriptions::Move move{configured.callback, "test://two/", "test://two/", {}};
  subscriptions.move("s-1", 10min, move, done());
  refused(Code::noaccess);
  BOOST_CHECK_EQUAL(kept("s-1").callback, configured.callback);
  subscriptions.move("s-2", 10min, move, done());
  refused(Code::notfound);
}

BOOST_AUTO_TEST_CASE(only_what_is_pending_is_activated_or_asked) {
  keep(leased("s-1"));
  subscriptions.activate("s-1", "test://one/", done());
  refused(Code::duplicate);
  subscriptions.store_challenge("s-1", "test://one/", "secret", done());
  refused(Code::duplicate);
  auto pending = leased("s-2");
  pending.state = SubscriptionState::pending;
  keep(pending);
  subscriptions.activate("s-2", "test://one/", done());
  BOOST_CHECK(success()->state == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(a_lease_that_must_not_be_shorter_is_refused) {
  auto wanted = request();
  wanted.period = 24h;
  wanted.period_exact = true;
  subscriptions.create(wanted, done());
  refused(Code::badparam, "period is at most 1h");
  wanted.period = 1h;
  subscriptions.create(wanted, done());
  BOOST_CHECK(success()->period == sense::Duration{1h});
}

BOOST_AUTO_TEST_CASE(get_answers_what_is_there) {
  keep(leased("s-1"));
  subscriptions.get("s-1", done());
  BOOST_CHECK_EQUAL(success()->id, "s-1");
  subscriptions.get("s-2", done());
  refused(Code::notfound);
  bus.entries[{"subscription", "s-3"}] = {"subscription", "s-3", 9, "{"};
  subscriptions.get("s-3", done());
  BOOST_CHECK(!result().has_value());
}

BOOST_AUTO_TEST_CASE(a_list_comes_in_pages) {
  for (const auto* id : {"s-1", "s-2", "s-3"}) keep(leased(id));
  BOOST_CHECK((list("", "", 2) == std::vector<std::string>{"s-1", "s-2"}));
  BOOST_CHECK((*page)->more);
  BOOST_CHECK((list("", "s-2", 2) == std::vector<std::string>{"s-3"}));
  BOOST_CHECK(!(*page)->more);
  BOOST_CHECK_EQUAL(list("", "", 3).size(), 3U);
  BOOST_CHECK(!(*page)->more);
  BOOST_CHECK_EQUAL(list("", "", 0).size(), 1U);
  BOOST_CHECK(list("", "s-3", 9).empty());
}

BOOST_AUTO_TEST_CASE(an_owner_sees_all_own_subscriptions_however_far_apart) {
  for (int i = 0; i < 2500; ++i) {
    char id[16];
    std::snprintf(id, sizeof id, "s-%04d", i);
    keep(leased(id, i % 1200 == 7 ? "mine" : "other"));
  }
  BOOST_CHECK((list("mine", "", 2) == std::vector<std::string>{"s-0007", "s-1207"}));
  BOOST_CHECK((*page)->more);
  BOOST_CHECK((list("mine", "s-1207", 2) == std::vector<std::string>{"s-2407"}));
  BOOST_CHECK(!(*page)->more);
  BOOST_CHECK_EQUAL(list("other", "", 5000).size(), 1000U);
  BOOST_CHECK(list("unknown", "", 5).empty());
}

BOOST_AUTO_TEST_CASE(a_list_that_fails_says_so) {
  bus.failure = sense::Error{Code::timeout, "no broker"};
  subscriptions.list("", "", 5, [this](auto got) { page = std::move(got); });
  bus.run();
  BOOST_REQUIRE(page && !page->has_value());
  BOOST_CHECK((*page).error().code == Code::timeout);
}

// What a newer version wrote.

constexpr const char* newer = R"({"id":"s-2","owner":"mine","callback":"test://one/","hue":"red"})";

BOOST_AUTO_TEST_CASE(what_a_newer_version_wrote_is_listed_with_the_reason_and_counts) {
  for (const auto* id : {"s-1", "s-3"}) keep(leased(id, "mine"));
  bus.entries[{"subscription", "s-2"}] = {"subscription", "s-2", 9, newer};
  for (const auto* owner : {"", "mine"}) {
    BOOST_CHECK((list(owner, "", 9) == std::vector<std::string>{"s-1", "s-3"}));
    BOOST_REQUIRE_EQUAL((*page)->unreadable.size(), 1U);
    BOOST_CHECK_EQUAL((*page)->unreadable[0].id, "s-2");
    BOOST_CHECK((*page)->unreadable[0].reason.find("hue") != std::string::npos);
  }
  BOOST_CHECK((list("", "", 2) == std::vector<std::string>{"s-1"}));
  BOOST_CHECK((*page)->more);
  BOOST_CHECK_EQUAL((*page)->unreadable.size(), 1U);
  BOOST_CHECK(list("other", "", 9).empty());
  BOOST_CHECK((*page)->unreadable.empty());
}

BOOST_AUTO_TEST_CASE(what_a_newer_version_wrote_is_neither_shown_nor_changed) {
  const RegistryEntry entry{"subscription", "s-2", 9, newer};
  bus.entries[{"subscription", "s-2"}] = entry;
  subscriptions.get("s-2", done());
  refused(Code::notyetimplemented, "s-2 is kept and not served");
  subscriptions.renew("s-2", 1min, done());
  refused(Code::notyetimplemented, "hue");
  subscriptions.cancel("s-2", "cancelled", done());
  refused(Code::notyetimplemented);
  BOOST_CHECK_EQUAL(bus.puts, 0);
  BOOST_CHECK(bus.entries.contains({"subscription", "s-2"}));
  BOOST_CHECK(!sense::readable_subscription(entry).has_value());
}

BOOST_AUTO_TEST_CASE(a_list_of_the_gateways_own_is_not_taken_for_the_whole) {
  keep(leased("s-1"));
  bus.own_only = true;
  subscriptions.list("", "", 5, [this](auto got) { page = std::move(got); });
  bus.run();
  BOOST_REQUIRE(page && !page->has_value());
  BOOST_CHECK((*page).error().code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(sources_come_in_pages) {
  for (const auto* key : {"//a", "//b", "//c"})
    bus.entries[{"source", key}] = {"source", key, 0, "{}"};
  std::optional<Result<Subscriptions::SourcePage>> sources;
  subscriptions.sources("//a", 1, [&](auto got) { sources = std::move(got); });
  BOOST_CHECK(!sources);
  bus.run();
  BOOST_REQUIRE(sources && sources->has_value());
  BOOST_CHECK(((*sources)->sources == std::vector<std::string>{"//b"}));
  BOOST_CHECK((*sources)->more);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
#include "tests/core/registry/subscriptions_fixture.hpp"

using sense::Code;
using sense::Result;
using sense::SubscriptionState;
using sense::testing::subscription_of;
using sense::testing::SubscriptionsFixture;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(subscription_client_changes_tests, SubscriptionsFixture)

BOOST_AUTO_TEST_CASE(an_answer_of_one_callback_says_nothing_about_another) {
  auto pending = leased("s-1");
  pending.state = SubscriptionState::pending;
  keep(pending);
  subscriptions.activate("s-1", "test://other/", done());
  refused(Code::duplicate, "another callback");
  subscriptions.store_challenge("s-1", "test://other/", "secret", done());
  refused(Code::duplicate, "another callback");
  BOOST_CHECK_EQUAL(bus.puts, 0);
}

BOOST_AUTO_TEST_CASE(an_edit_changes_what_it_names_and_nothing_else) {
  auto before = leased("s-1");
  before.labels = {{"room", "2"}, {"team", "red"}};
  before.delivery.window = 3;
  keep(before);
  clock.advance(1min);
  subscriptions.edit(
      "s-1", 0, R"({"types":["{urn:b}y"],"filter":"severity < 3","labels":{"room":null}})", done());
  const auto after = success();
  BOOST_CHECK_EQUAL(after->types.at(0).text(), "{urn:b}y");
  BOOST_CHECK_EQUAL(after->filter.text(), "severity < 3");
  BOOST_CHECK((after->labels == decltype(after->labels){{"team", "red"}}));
  BOOST_CHECK(after->delivery.window == 3U);
  BOOST_CHECK(after->state == SubscriptionState::active);
  BOOST_CHECK(after->expires == before.expires);
  BOOST_CHECK(after->updated == clock.now().wall);
  BOOST_CHECK_EQUAL(after->callback, before.callback);
  BOOST_CHECK((bus.reasons == std::vector<std::string>{"edited by its owner"}));
}

BOOST_AUTO_TEST_CASE(an_edit_from_an_old_revision_is_refused) {
  keep(leased("s-1"));
  subscriptions.edit("s-1", 7, R"({"language":"en"})", done());
  refused(Code::badcontext, "its revision is 1");
  BOOST_CHECK_EQUAL(bus.puts, 0);
  // A concurrent change comes before an edit of the present revision.
  bus.before_put = [this] { keep(leased("s-1")); };
  subscriptions.edit("s-1", 1, R"({"language":"en"})", done());
  refused(Code::badcontext, "its revision is 2");
  BOOST_CHECK(kept("s-1").language.empty());
  subscriptions.edit("s-1", 2, R"({"language":"en"})", done());
  BOOST_CHECK_EQUAL(success()->language, "en");
}

BOOST_AUTO_TEST_CASE(another_callback_has_agreed_to_nothing_yet) {
  keep(leased("s-1"));
  subscriptions.edit("s-1", 0, R"({"callback":"test://two/"})", done());
  BOOST_CHECK(success()->state == SubscriptionState::pending);
  subscriptions.store_challenge("s-1", "test://two/", "secret", done());
  success();
  subscriptions.edit("s-1", 0, R"({"callback":"test://three/"})", done());
  BOOST_CHECK(success()->challenge_hash.empty());
  subscriptions.confirm("s-1", "secret", done());
  refused(Code::noaccess);
}

BOOST_AUTO_TEST_CASE(a_wrong_edit_is_refused_by_name_and_writes_nothing) {
  keep(leased("s-1"));
  const std::vector<std::tuple<const char*, Code, const char*>> wrong = {
      {R"({"filter":"x ="})", Code::badparam, "filter: column 4"},
      {R"({"callback":"other://one/"})", Code::noserver, "'other:'"},
      {R"({"callback":null})", Code::varnotfound, "callback"},
      {R"({"types":"*"})", Code::badparam, "types"},
      {R"({"state":"active"})", Code::badparam, "state cannot be edited"},
      {R"({"owner":"me"})", Code::badparam, "owner"},
      {R"({"labls":{}})", Code::badparam, "is 'labels' meant?"},
      {R"([])", Code::protoerror, "object"},
      {R"({)", Code::protoerror, "object"},
      {R"({"filters":[{"any":[]}]})", Code::badparam, "filters[0].any has no filter"},
      {R"({"filters":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]})", Code::protoerror, "deep"}};
  for (const auto& [patch, code, part] : wrong) {
    subscriptions.edit("s-1", 0, patch, done());
    refused(code, part);
  }
  subscriptions.edit("s-2", 0, "{}", done());
  refused(Code::notfound);
  BOOST_CHECK_EQUAL(bus.puts, 0);
}

BOOST_AUTO_TEST_CASE(a_secret_is_rotated_with_a_grace_on_the_clock) {
  auto hook = leased("s-1");
  hook.callback = "http://one.example/";
  hook.secrets.edit().current = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  keep(hook);
  subscriptions.rotate_secret("s-1", {}, done());
  const auto rotated = success()->secrets;
  BOOST_CHECK(sense::webhook_key(rotated->current));
  BOOST_CHECK_EQUAL(rotated->former, hook.secrets->current);
  BOOST_CHECK(rotated->former_until == clock.now().wall + 24h);
  BOOST_CHECK((kept("s-1").secrets == rotated));
  // Twice within the grace: one former secret is kept.
  clock.advance(1min);
  const auto given = sense::make_webhook_secret();
  subscriptions.rotate_secret("s-1", {given, 0s}, done());
  BOOST_CHECK_EQUAL(success()->secrets->current, given);
  BOOST_CHECK_EQUAL(kept("s-1").secrets->former, rotated->current);
  BOOST_CHECK(kept("s-1").secrets->former_until == clock.now().wall);
  // A change in between is met.
  bus.before_put = [this, &hook] { keep(hook); };
  subscriptions.rotate_secret("s-1", {given, 1h}, done());
  BOOST_CHECK_EQUAL(success()->secrets->former, hook.secrets->current);
}

BOOST_AUTO_TEST_CASE(what_is_no_web_hook_or_is_configured_has_no_secret_to_rotate) {
  keep(leased("s-1"));
  subscriptions.rotate_secret("s-1", {}, done());
  refused(Code::badcontext, "no http or https callback");
  auto configured = leased("s-2");
  configured.via = "config";
  configured.callback = "http://one.example/";
  keep(configured);
  subscriptions.rotate_secret("s-2", {}, done());
  refused(Code::noaccess, "configuration file");
  subscriptions.rotate_secret("s-3", {}, done());
  refused(Code::notfound);
  configured.via = "http";
  keep(configured);
  subscriptions.rotate_secret("s-2", {"whsec_hidden", 1h}, done());
  refused(Code::badparam, "secret");
  BOOST_CHECK_EQUAL(answer->error().message.find("hidden"), std::string::npos);
  BOOST_CHECK_EQUAL(bus.puts, 0);
}

BOOST_AUTO_TEST_CASE(the_owner_pauses_and_resumes) {
  auto failing = leased("s-1");
  failing.state = SubscriptionState::suspended;
  failing.reason = "no answer";
  keep(failing);
  subscriptions.pause("s-1", done());
  BOOST_CHECK(success()->state == SubscriptionState::paused);
  subscriptions.resume("s-1", done());
  BOOST_CHECK(success()->state == SubscriptionState::active);
  BOOST_CHECK(kept("s-1").reason.empty());
  keep(failing);
  subscriptions.resume("s-1", done());
  BOOST_CHECK(success()->state == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(a_filter_that_is_too_dear_is_resumed_by_the_owner_alone) {
  const std::string reason = std::string(sense::filter_too_dear) + " here";
  keep(leased("s-1"));
  subscriptions.set_suspended("s-1", true, reason, done());
  BOOST_CHECK(sense::suspended_for_filter(*success()));
  BOOST_CHECK_EQUAL(bus.reasons.back(), "filter too dear");
  const auto puts = bus.puts;
  subscriptions.set_suspended("s-1", true, reason, done());
  refused(Code::duplicate);
  subscriptions.set_suspended("s-1", true, "the callback fails", done());
  refused(Code::duplicate);
  subscriptions.set_suspended("s-1", false, "", done());
  refused(Code::duplicate);
  BOOST_CHECK_EQUAL(bus.puts, puts);
  subscriptions.move("s-1", 10min, {"test://one/", "test://two/", "tester", {}}, done());
  BOOST_CHECK(success()->state == SubscriptionState::suspended);
  subscriptions.resume("s-1", done());
  BOOST_CHECK(success()->state == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(a_filter_that_is_too_dear_is_told_while_the_callback_fails) {
  auto failing = leased("s-1");
  failing.state = SubscriptionState::suspended;
  failing.reason = "no answer";
  keep(failing);
  subscriptions.set_suspended("s-1", true, std::string(sense::filter_too_dear), done());
  BOOST_CHECK(sense::suspended_for_filter(*success()));
}

BOOST_AUTO_TEST_CASE(what_is_pending_is_not_made_active_by_its_owner) {
  auto pending = leased("s-1");
  pending.state = SubscriptionState::pending;
  keep(pending);
  subscriptions.resume("s-1", done());
  refused(Code::badcontext, "pending");
  subscriptions.pause("s-1", done());
  refused(Code::badcontext, "pending");
  std::optional<Result<sense::Receipt>> receipt;
  subscriptions.test("s-1", "me", [&](auto got) { receipt = std::move(got); });
  bus.run();
  BOOST_REQUIRE(receipt && !receipt->has_value());
  BOOST_CHECK(receipt->error().code == Code::badcontext);
  BOOST_CHECK_EQUAL(bus.puts, 0);
  BOOST_CHECK(bus.published.empty());
}

BOOST_AUTO_TEST_CASE(the_configuration_files_are_not_changed) {
  auto fixed = subscription_of("s-1", {"{urn:a}x"});
  fixed.via = "config";
  keep(fixed);
  subscriptions.edit("s-1", 0, R"({"language":"en"})", done());
  refused(Code::noaccess, "configuration");
  subscriptions.pause("s-1", done());
  refused(Code::noaccess, "configuration");
  subscriptions.resume("s-1", done());
  refused(Code::noaccess, "configuration");
  BOOST_CHECK_EQUAL(bus.puts, 0);
}

BOOST_AUTO_TEST_CASE(a_test_is_an_event_for_this_subscription) {
  keep(leased("s-1"));
  std::optional<Result<sense::Receipt>> receipt;
  subscriptions.test("s-1", "me", [&](auto got) { receipt = std::move(got); });
  BOOST_CHECK(!receipt);
  bus.run();
  BOOST_REQUIRE(receipt && receipt->has_value());
  const auto& event = bus.published.at(0);
  BOOST_CHECK_EQUAL(event.type.clark(), "{urn:sense:management}subscription-test");
  BOOST_CHECK_EQUAL(event.subject, "s-1");
  BOOST_CHECK_EQUAL(event.data, R"({"subscription":"s-1","by":"me"})");
  BOOST_CHECK(validate(event).has_value());
  receipt.reset();
  subscriptions.test("s-2", "me", [&](auto got) { receipt = std::move(got); });
  bus.run();
  BOOST_REQUIRE(receipt && !receipt->has_value());
}

// The token is the permission.
BOOST_AUTO_TEST_CASE(a_client_is_spoken_for_in_all_but_a_confirmation) {
  const sense::ServedClient shop{"shop", "web", "192.0.2.7:5"};
  const auto of_shop = std::make_shared<sense::SubscriptionClient>(
      bus, clock, bus.executor(),
      sense::SubscriptionClient::Served{[](const std::string&) { return true; }, 1h}, shop);
  auto wanted = request();
  wanted.callback_proved = true;
  of_shop->create(wanted, done());
  const auto id = success()->id;
  of_shop->renew(id, 20min, done());
  (void)success();
  of_shop->edit(id, 0, R"({"language":"en"})", done());
  (void)success();
  of_shop->get(id, done());
  (void)success();
  of_shop->list("shop", "", 10, [](const auto&) {});
  of_shop->sources("", 10, [](const auto&) {});
  of_shop->test(id, "shop", [](const auto&) {});
  bus.run();
  of_shop->cancel(id, "cancelled", done());
  (void)success();
  BOOST_CHECK_GE(bus.clients.size(), 10U);
  for (const auto& client : bus.clients) BOOST_CHECK(client == shop);
  BOOST_REQUIRE_EQUAL(bus.published_for.size(), 1U);
  BOOST_CHECK(bus.published_for[0].first == shop);

  auto pending = leased("s-1", "another");
  pending.state = SubscriptionState::pending;
  keep(pending);
  subscriptions.store_challenge("s-1", pending.callback, "secret", done());
  (void)success();
  bus.clients.clear();
  of_shop->confirm("s-1", "secret", done());
  BOOST_CHECK(success()->state == SubscriptionState::active);
  BOOST_CHECK(!bus.clients.empty());
  for (const auto& client : bus.clients) BOOST_CHECK_EQUAL(client.principal, "");
}

BOOST_AUTO_TEST_SUITE_END()

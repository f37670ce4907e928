// SPDX-License-Identifier: Apache-2.0
#include "broker/security/permission.hpp"

#include <boost/test/unit_test.hpp>

#include "core/event/codec.hpp"
#include "core/subscription/subscription.hpp"

using namespace sense;
using State = SubscriptionState;

namespace {

const Rights may_subscribe({{}, {Rule::everything()}, {}, false, false});

Subscription of_shop(State state) {
  Subscription subscription;
  subscription.id = "s-1";
  subscription.owner = "shop";
  subscription.via = "cli";
  subscription.callback = "https://shop.example/events";
  subscription.expires = *parse_rfc3339("2026-11-21T09:15:00Z");
  subscription.state = state;
  return subscription;
}

// Whether the requester, else the shop without the right to manage, may make it so.
bool may_put(const Subscription& wanted, const Subscription* before = nullptr,
             const Requester& requester = {may_subscribe, "shop"}) {
  bus::Request request;
  request.operation = bus::Operation::put;
  request.kind = "subscription";
  request.key = wanted.id;
  const auto value = to_json(wanted, true);
  request.value = value;
  const auto find = [&](std::string_view kind, std::string_view key) -> Result<RegistryEntry> {
    if (before == nullptr || kind != "subscription" || key != wanted.id)
      return fail(Code::notfound, "not there");
    return RegistryEntry{"subscription", wanted.id, 1, to_json(*before, true)};
  };
  return check_change(requester, request, find).has_value();
}

// A registry with the shop's subscription s-1 and the gateway desk.
Result<RegistryEntry> registry(std::string_view kind, std::string_view key) {
  if (kind == "subscription" && key == "s-1")
    return RegistryEntry{"subscription", "s-1", 1, to_json(of_shop(State::active), true)};
  if (kind == "gateway" && key == "desk") return RegistryEntry{"gateway", "desk", 2, "{}"};
  return fail(Code::notfound, "not there");
}

std::string symbol_of(const Requester& requester, const Event& event) {
  const auto good = check_publish(requester, event.type.clark(), encode(event), registry);
  return std::string(symbol(good ? Code::noerror : good.error().code));
}

Event of_type(const std::string& type, const std::string& subject = {}) {
  Event event;
  event.id = "1";
  event.type = *QName::parse(type);
  event.source = "//hq.example/desk";
  event.subject = subject;
  return event;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(permission_tests)

BOOST_AUTO_TEST_CASE(whether_a_callback_has_agreed_is_not_for_its_subscriber_to_say) {
  const auto pending = of_shop(State::pending);
  BOOST_CHECK(may_put(pending));
  BOOST_CHECK(may_put(pending, &pending));
  for (const auto state : {State::active, State::paused, State::suspended}) {
    const auto served = of_shop(state);
    BOOST_CHECK_MESSAGE(!may_put(served), to_text(state));
    BOOST_CHECK_MESSAGE(!may_put(served, &pending), to_text(state));
    auto elsewhere = served;
    elsewhere.callback = "https://victim.example/";
    BOOST_CHECK_MESSAGE(!may_put(elsewhere, &served), to_text(state));
    elsewhere.state = State::pending;
    BOOST_CHECK_MESSAGE(may_put(elsewhere, &served), to_text(state));
    // One that has agreed is its owner's to pause, resume and change.
    for (const auto next : {State::active, State::paused}) {
      auto changed = of_shop(next);
      changed.labels["room"] = "2";
      BOOST_CHECK_MESSAGE(may_put(changed, &served), to_text(state));
    }
  }
}

BOOST_AUTO_TEST_CASE(consent_is_taken_from_a_gateway_that_manages_and_no_right_with_it) {
  const auto agreed = of_shop(State::active);
  const Requester client{may_subscribe, "shop"};
  BOOST_CHECK(!may_put(agreed, nullptr, client));
  auto by_gateway = client;
  by_gateway.vouched = true;
  BOOST_CHECK(may_put(agreed, nullptr, by_gateway));
  auto of_other = agreed;
  of_other.owner = "other";
  BOOST_CHECK(!may_put(of_other, nullptr, by_gateway));
  BOOST_CHECK(!may_put(agreed, &of_other, by_gateway));
  const Rights none;
  BOOST_CHECK(!may_put(agreed, nullptr, {none, "shop", true, true}));
}

// A gateway suspends and resumes what is there, whatever rights its owner has lost meanwhile.
BOOST_AUTO_TEST_CASE(rights_of_an_owner_are_asked_for_what_it_gets_not_for_what_it_has) {
  const AccessList access({{"shop", {}, std::make_shared<const Rights>(Rights::Granted{})}});
  Requester gate{*Rights::all(), "gate"};
  const auto held = of_shop(State::active);
  BOOST_CHECK(may_put(held, nullptr, gate));  // of the broker itself: no access file is asked
  gate.access = &access;
  BOOST_CHECK(!may_put(held, nullptr, gate));
  BOOST_CHECK(may_put(of_shop(State::suspended), &held, gate));
  auto other = held;
  other.types = {*TypePattern::parse("{urn:a}*")};
  BOOST_CHECK(!may_put(other, &held, gate));
  other = held;
  other.sources = {*SourcePattern::parse("//a/**")};
  BOOST_CHECK(!may_put(other, &held, gate));
  other = held;
  other.owner = "grace";
  BOOST_CHECK(may_put(other, &held, gate));
  BOOST_CHECK(!may_put(held, &other, gate));
}

BOOST_AUTO_TEST_CASE(a_principal_cannot_set_its_own_challenge) {
  auto asked = of_shop(State::pending);
  asked.challenge_hash = std::string(64, 'a');
  BOOST_CHECK(!may_put(asked));
  const auto before = of_shop(State::pending);
  BOOST_CHECK(!may_put(asked, &before));
  auto renewed = asked;
  renewed.expires = *asked.expires + std::chrono::hours{1};
  BOOST_CHECK(may_put(renewed, &asked));
}

BOOST_AUTO_TEST_CASE(a_client_has_a_lease_and_is_not_the_configuration) {
  auto wanted = of_shop(State::pending);
  wanted.expires.reset();
  BOOST_CHECK(!may_put(wanted));
  wanted = of_shop(State::pending);
  wanted.via = "config";
  BOOST_CHECK(!may_put(wanted));
}

// Gateways act on these events: a forged one would end or redirect deliveries of others.
BOOST_AUTO_TEST_CASE(no_right_lets_a_client_publish_what_the_broker_announces) {
  for (const auto* local :
       {"subscription-created", "subscription-ended", "subscription-", "journal-damaged",
        "journal-full", "leader-changed", "gateway-changed", "gateway-removed", "overload"}) {
    const auto event = of_type("{urn:sense:management}" + std::string(local), "s-1");
    BOOST_CHECK_MESSAGE(symbol_of({*Rights::all(), "boss"}, event) == "NOACCESS", local);
  }
  const auto whole = of_type("{urn:sense:gateway}subscription-changed", "s-1");
  BOOST_CHECK_EQUAL(symbol_of({*Rights::all(), "boss"}, whole), "NOACCESS");
  // Similar names are not reserved.
  for (const auto* type : {"{urn:sense:management}overloaded", "{urn:sense:management}other",
                           "{urn:sense:managements}overload", "{}overload"})
    BOOST_CHECK_EQUAL(symbol_of({*Rights::all(), "boss"}, of_type(type)), "NOERROR");
}

BOOST_AUTO_TEST_CASE(a_test_event_is_for_the_owner_and_for_managers_by_an_answered_request) {
  const Rights none;
  const auto test = of_type("{urn:sense:management}subscription-test", "s-1");
  const auto absent = of_type("{urn:sense:management}subscription-test", "s-2");
  BOOST_CHECK_EQUAL(symbol_of({none, "shop"}, test), "NOERROR");
  BOOST_CHECK_EQUAL(symbol_of({*Rights::all(), "boss"}, test), "NOERROR");
  BOOST_CHECK_EQUAL(symbol_of({none, "other"}, test), "NOACCESS");
  BOOST_CHECK_EQUAL(symbol_of({none, ""}, test), "NOACCESS");
  BOOST_CHECK_EQUAL(symbol_of({none, "shop", false}, test), "NOACCESS");
  BOOST_CHECK_EQUAL(symbol_of({*Rights::all(), "boss"}, absent), "NOACCESS");
}

BOOST_AUTO_TEST_CASE(events_between_gateways_need_the_right_to_manage) {
  const auto event = of_type("{urn:sense:gateway}part");
  const Rights publisher({{Rule::everything()}, {}, {"*"}, false, false});
  BOOST_CHECK_EQUAL(symbol_of({publisher, "shop"}, event), "NOACCESS");
  BOOST_CHECK_EQUAL(symbol_of({*Rights::all(), "boss"}, event), "NOERROR");
}

BOOST_AUTO_TEST_CASE(get_does_not_tell_a_hidden_entry_from_an_absent_one) {
  const Rights none;
  BOOST_CHECK(visible_entry({none, "shop"}, "subscription", "s-1", registry).has_value());
  const auto hidden = visible_entry({none, "other"}, "subscription", "s-1", registry);
  const auto absent = visible_entry({none, "other"}, "subscription", "s-2", registry);
  const auto gateway = visible_entry({none, "shop"}, "gateway", "desk", registry);
  BOOST_REQUIRE(!hidden && !absent && !gateway);
  BOOST_CHECK_EQUAL(hidden.error().message, absent.error().message);
  BOOST_CHECK_EQUAL(symbol(gateway.error().code), "NOTFOUND");
  BOOST_CHECK(visible_entry({*Rights::all(), "boss"}, "gateway", "desk", registry).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

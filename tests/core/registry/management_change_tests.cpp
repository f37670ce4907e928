// SPDX-License-Identifier: Apache-2.0
#include "core/registry/management_change.hpp"

#include <boost/test/unit_test.hpp>

#include "core/subscription/management_event.hpp"
#include "tests/gateways/make.hpp"

using sense::Event;
using sense::gateway_change;
using sense::subscription_change;
using sense::testing::event_of;
using sense::testing::subscription_of;

namespace {

Event change_event(const char* local, std::string data) {
  auto event = event_of("{urn:sense:management}" + std::string(local), 7);
  event.principal = "broker";
  event.data = std::move(data);
  return event;
}

Event subscription_event() {
  return change_event("subscription-created",
                      R"({"subscription":)" +
                          sense::to_json(subscription_of("s-1", {"{urn:a}x"}), false) +
                          R"(,"by":"another","reason":"because"})");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(management_change_tests)

BOOST_AUTO_TEST_CASE(a_change_from_the_broker_is_read) {
  const auto change = subscription_change(subscription_event());
  BOOST_REQUIRE(change.has_value());
  BOOST_CHECK(change->subscription == subscription_of("s-1", {"{urn:a}x"}));
  BOOST_CHECK_EQUAL(change->reason, "because");
}

BOOST_AUTO_TEST_CASE(gateways_read_the_whole_and_not_what_is_redacted) {
  auto subscription = subscription_of("s-1", {"{urn:a}x"});
  subscription.callback = "https://host.example/hook?token=secret";
  subscription.challenge_hash = std::string(64, 'a');
  auto event = change_event("subscription-created",
                            sense::change_to_json(subscription, "another", "because"));
  BOOST_CHECK(event.data.find("secret") == std::string::npos);
  BOOST_CHECK(event.data.find("aaaa") == std::string::npos);
  BOOST_CHECK(event.data.find("https://host.example/hook\"") != std::string::npos);
  BOOST_CHECK(!subscription_change(event));
  BOOST_CHECK(!sense::unreadable_change(event));
  event = event_of(std::string(sense::whole_change_type), 8);
  event.data =
      sense::whole_change_to_json(sense::to_json(subscription, true), "another", "because");
  BOOST_CHECK(!subscription_change(event));
  event.principal = "broker";
  const auto change = subscription_change(event);
  BOOST_REQUIRE(change.has_value());
  BOOST_CHECK_EQUAL(change->subscription.callback, subscription.callback);
  BOOST_CHECK_EQUAL(change->subscription.challenge_hash, "");
  BOOST_CHECK_EQUAL(change->reason, "because");
}

BOOST_AUTO_TEST_CASE(only_the_broker_announces_changes) {
  for (const auto* principal : {"", "local", "Broker", "broker ", "config"}) {
    auto event = subscription_event();
    event.principal = principal;
    BOOST_CHECK_MESSAGE(!subscription_change(event), principal);
    auto gateway = change_event("gateway-changed", R"({"key":"k","value":{"schemes":["a"]}})");
    BOOST_CHECK(gateway_change(gateway).has_value());
    gateway.principal = principal;
    BOOST_CHECK_MESSAGE(!gateway_change(gateway), principal);
  }
}

BOOST_AUTO_TEST_CASE(another_type_is_no_change) {
  auto event = subscription_event();
  event.type = *sense::QName::parse("{urn:sense:managemen}subscription-created");
  BOOST_CHECK(!subscription_change(event));
  event.type = *sense::QName::parse("{urn:sense:management}dead-letter");
  BOOST_CHECK(!subscription_change(event));
  BOOST_CHECK(!gateway_change(subscription_event()));
}

BOOST_AUTO_TEST_CASE(data_that_cannot_be_read_is_no_change) {
  for (const auto* data : {"", "{", "[]", "7", "{}", R"({"subscription":7})", "{\"x\":\"\xff\"}",
                           R"({"subscription":{"id":"s-1","unknown":1}})"})
    BOOST_CHECK_MESSAGE(!subscription_change(change_event("subscription-ended", data)), data);
  for (const auto* data : {"", "[]", "{}", R"({"key":7})"})
    BOOST_CHECK_MESSAGE(!gateway_change(change_event("gateway-changed", data)), data);
}

BOOST_AUTO_TEST_CASE(a_subscription_of_a_newer_version_is_told_by_its_id_and_the_reason) {
  auto event = change_event("subscription-edited", R"({"subscription":{"id":"s-1","hue":1}})");
  event.subject = "s-1";
  const auto unreadable = sense::unreadable_change(event);
  BOOST_REQUIRE(unreadable.has_value());
  BOOST_CHECK_EQUAL(unreadable->id, "s-1");
  BOOST_CHECK(unreadable->reason.find("hue") != std::string::npos);
  BOOST_CHECK(!sense::unreadable_change(subscription_event()));
  event.principal = "eve";
  BOOST_CHECK(!sense::unreadable_change(event));
  BOOST_CHECK(!sense::unreadable_change(change_event("subscription-test", "{}")));
}

BOOST_AUTO_TEST_CASE(a_reason_that_is_no_text_is_left_out) {
  auto event = subscription_event();
  const auto at = event.data.find("\"because\"");
  event.data.replace(at, 9, "[1]");
  const auto change = subscription_change(event);
  BOOST_REQUIRE(change.has_value());
  BOOST_CHECK_EQUAL(change->reason, "");
}

BOOST_AUTO_TEST_CASE(what_a_gateway_announces_is_what_is_read) {
  const std::vector<sense::AnnouncedScheme> schemes = {{"http"}, {"https"}};
  const auto entry = sense::gateway_entry(schemes, {"http://127.0.0.1:1"});
  BOOST_CHECK(sense::schemes_of_entry(entry) == schemes);
  const auto change =
      gateway_change(change_event("gateway-changed", R"({"key":"web","value":)" + entry + "}"));
  BOOST_REQUIRE(change.has_value());
  BOOST_CHECK_EQUAL(change->name, "web");
  BOOST_CHECK(change->schemes == schemes);
  const auto removed =
      gateway_change(change_event("gateway-removed", R"({"key":"web","value":)" + entry + "}"));
  BOOST_REQUIRE(removed.has_value());
  BOOST_CHECK(removed->schemes.empty());
}

BOOST_AUTO_TEST_CASE(an_entry_that_cannot_be_read_serves_nothing) {
  for (const auto* entry : {"", "{", "[]", R"({"schemes":"http"})", R"({"schemes":[1,null]})"})
    BOOST_CHECK_MESSAGE(sense::schemes_of_entry(entry).empty(), entry);
  BOOST_CHECK(!sense::gateway_entry({{"a"}}, {"\xff"}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

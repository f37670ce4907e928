// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/websub.hpp"

#include <boost/test/unit_test.hpp>

#include "core/subscription/subscription.hpp"
#include "core/subscription/subscription_edit.hpp"

using namespace sense;
using namespace std::chrono_literals;
using Kind = WebSub::Intent::Kind;

namespace {

Subscription websub_subscription() {
  Subscription subscription;
  subscription.id = "w-1";
  subscription.owner = "http://sub.example";
  subscription.callback = "http://sub.example/cb";
  subscription.expires = WallTime{} + 1h;
  subscription.period = 1h;
  subscription.secrets.edit().current = websub_secret("key");
  subscription.websub.edit().topic = "http://events.example/websub/topics?type=a";
  return subscription;
}

Result<Subscription> again(const Subscription& subscription) {
  return subscription_from_json(to_json(subscription, true));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websub_tests)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  auto subscription = websub_subscription();
  BOOST_CHECK(again(subscription) == subscription);
  subscription.websub.edit().intent = {Kind::subscribe, 700s, websub_secret("")};
  BOOST_CHECK(again(subscription) == subscription);
  subscription.websub.edit().intent = {Kind::unsubscribe, Duration{0}, ""};
  BOOST_CHECK(again(subscription) == subscription);
}

BOOST_AUTO_TEST_CASE(no_secret_is_shown) {
  auto subscription = websub_subscription();
  subscription.websub.edit().intent = {Kind::subscribe, 700s, websub_secret("next key")};
  const auto whole = to_json(subscription, true);
  for (const auto& shown :
       {to_json(subscription, false), without_webhook_secrets(whole),
        change_to_json(subscription, "by", "why"),
        without_webhook_secrets_of_change(whole_change_to_json(whole, "by", "why"))}) {
    BOOST_CHECK_EQUAL(shown.find("hub_"), std::string::npos);
    BOOST_CHECK_NE(shown.find("websub/topics"), std::string::npos);
  }
}

// The end of a subscription is told without secrets, to gateways, too.
BOOST_AUTO_TEST_CASE(what_is_told_without_secrets_can_be_read) {
  auto subscription = websub_subscription();
  subscription.websub.edit().intent = {Kind::subscribe, 700s, websub_secret("next key")};
  const auto told = subscription_from_json(to_json(subscription, false));
  BOOST_REQUIRE_MESSAGE(told, told.error().message);
  BOOST_CHECK_EQUAL(told->websub->topic, subscription.websub->topic);
  const auto change = change_from_json(whole_change_to_json(to_json(subscription, false), "", ""));
  BOOST_REQUIRE(change);
  BOOST_CHECK(change->subscription.has_value());
}

BOOST_AUTO_TEST_CASE(a_secret_is_any_octets_up_to_199) {
  for (const auto& octets : {std::string(), std::string("\0\xff", 2), std::string(199, 'x')})
    BOOST_CHECK(websub_key(websub_secret(octets)) == octets);
  for (const auto& wrong : {std::string("hub_!"), std::string("whsec_eHh4"), std::string("hub"),
                            websub_secret(std::string(200, 'x'))})
    BOOST_CHECK(!websub_key(wrong));
}

BOOST_AUTO_TEST_CASE(a_topic_can_stand_in_a_header) {
  for (const auto* topic : {"ftp://a/", "a", "http://a/>", "http://a/ b", "http://a/\r\nX: 1",
                            "http://a/\"", "http://u@a/", "http://a/#f"}) {
    auto subscription = websub_subscription();
    subscription.websub.edit().topic = topic;
    BOOST_CHECK_MESSAGE(!validate(subscription), topic);
    BOOST_CHECK(!again(subscription));
  }
  auto subscription = websub_subscription();
  subscription.websub.edit().topic = "http://a/" + std::string(2048, 'a');
  BOOST_CHECK(!validate(subscription));
}

BOOST_AUTO_TEST_CASE(an_intent_is_whole) {
  for (const auto& intent : std::vector<WebSub::Intent>{{Kind::subscribe, 0s, websub_secret("")},
                                                        {Kind::subscribe, 1s, "whsec_x"},
                                                        {Kind::unsubscribe, 1s, ""},
                                                        {Kind::unsubscribe, 0s, "hub_"},
                                                        {Kind::none, 1s, ""},
                                                        {Kind::none, 0s, "hub_"}}) {
    auto subscription = websub_subscription();
    subscription.websub.edit().intent = intent;
    BOOST_CHECK(!validate(subscription));
  }
  auto without = websub_subscription();
  without.websub.edit() = {"", {Kind::unsubscribe, 0s, ""}};
  without.secrets = {};
  BOOST_CHECK(!validate(without));
}

BOOST_AUTO_TEST_CASE(it_has_a_hub_secret_and_others_have_none) {
  auto subscription = websub_subscription();
  subscription.secrets.edit().current = make_webhook_secret();
  BOOST_CHECK_EQUAL(validate(subscription).error().field, "secret");
  subscription.secrets.edit().current = websub_secret("");
  subscription.websub = {};
  BOOST_CHECK_EQUAL(validate(subscription).error().field, "secret");
  subscription = websub_subscription();
  subscription.callback = "mailto:a@b.example";
  BOOST_CHECK_EQUAL(validate(subscription).error().field, "websub");
}

BOOST_AUTO_TEST_CASE(an_edit_keeps_what_its_subscriber_names_it_by) {
  const auto subscription = websub_subscription();
  for (const auto* patch :
       {R"({"callback":"http://b.example/"})", R"({"types":["a"]})", R"({"sources":["/a"]})"}) {
    const auto result = edited(subscription, patch);
    BOOST_REQUIRE(!result);
    BOOST_CHECK_EQUAL(result.error().field, "websub");
  }
  BOOST_CHECK(!edited(subscription, R"({"websub":null})"));
  BOOST_CHECK(edited(subscription, R"({"filter":"severity < 3"})").has_value());
}

BOOST_AUTO_TEST_CASE(the_id_is_of_owner_callback_and_topic) {
  const auto id = websub_id("o", "c", "t");
  BOOST_CHECK_EQUAL(id.size(), 42U);
  BOOST_CHECK_EQUAL(id, websub_id("o", "c", "t"));
  for (const auto& other :
       {websub_id("x", "c", "t"), websub_id("o", "x", "t"), websub_id("o", "c", "x")})
    BOOST_CHECK_NE(id, other);
}

BOOST_AUTO_TEST_SUITE_END()

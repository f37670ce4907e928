// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/webhook_secrets.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "core/base/encoding.hpp"
#include "core/subscription/subscription.hpp"
#include "core/subscription/subscription_edit.hpp"

using namespace sense;
using namespace std::chrono_literals;

namespace {

const WallTime noon = *parse_rfc3339("2026-11-21T12:00:00Z");
const std::string first = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string of_octets(std::size_t count) { return "whsec_" + to_base64(std::string(count, 'k')); }

Subscription signed_subscription() {
  Subscription subscription;
  subscription.id = "s-1";
  subscription.callback = "https://desk.example/events";
  subscription.secrets.edit() = {first, of_octets(24), noon};
  return subscription;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(webhook_secrets_tests)

BOOST_AUTO_TEST_CASE(a_secret_has_24_to_64_octets_in_one_form_only) {
  BOOST_CHECK_EQUAL(webhook_key(first)->size(), 24U);
  for (const std::size_t count : {24U, 25U, 26U, 32U, 63U, 64U})
    BOOST_CHECK_EQUAL(webhook_key(of_octets(count)).value_or("").size(), count);
  for (const std::size_t count : {0U, 1U, 23U, 65U, 66U, 100'000U})
    BOOST_CHECK_MESSAGE(!webhook_key(of_octets(count)), count);
  for (const std::string& wrong :
       {std::string(), std::string("whsec_"), first.substr(6), "WHSEC_" + first.substr(6),
        "whsk_" + first.substr(6), first + "=", first + "\n", " " + first, first + " ",
        "whsec_" + std::string(32, '-'), of_octets(25).substr(0, 41), first + std::string(1, '\0')})
    BOOST_CHECK_MESSAGE(!webhook_key(wrong), wrong);
}

BOOST_AUTO_TEST_CASE(made_secrets_are_valid_and_differ) {
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) {
    const auto secret = make_webhook_secret();
    BOOST_CHECK_EQUAL(webhook_key(secret).value_or("").size(), 32U);
    made.insert(secret);
  }
  BOOST_CHECK_EQUAL(made.size(), 100U);
}

BOOST_AUTO_TEST_CASE(http_and_https_are_signed_and_nothing_else) {
  for (const auto* signed_one : {"http://a/", "https://a/", "HTTPS://a/"})
    BOOST_CHECK(is_web_hook(signed_one));
  for (const auto* other : {"mailto:a@b.example", "sense://a", "httpx://a/", "http", "", ":"})
    BOOST_CHECK_MESSAGE(is_web_hook(other) == (std::string_view(other) == "http"), other);
}

BOOST_AUTO_TEST_CASE(a_rotation_keeps_one_former_secret) {
  WebhookSecrets secrets;
  rotate(secrets, first, noon);
  BOOST_CHECK((secrets == WebhookSecrets{first, "", std::nullopt}));
  rotate(secrets, of_octets(30), noon);
  BOOST_CHECK((secrets == WebhookSecrets{of_octets(30), first, noon}));
  // A request that is repeated neither drops the former one nor prolongs its time.
  rotate(secrets, of_octets(30), noon + 1h);
  BOOST_CHECK((secrets == WebhookSecrets{of_octets(30), first, noon}));
  rotate(secrets, of_octets(31), noon + 1h);
  BOOST_CHECK((secrets == WebhookSecrets{of_octets(31), of_octets(30), noon + 1h}));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_and_never_quoted) {
  BOOST_CHECK(validate(WebhookSecrets{}));
  BOOST_CHECK(validate(WebhookSecrets{first, "", std::nullopt}));
  BOOST_CHECK(validate(WebhookSecrets{first, of_octets(24), noon}));
  const std::vector<std::pair<WebhookSecrets, std::string>> wrong = {
      {{"whsec_hidden", "", std::nullopt}, "secret"},
      {{first, "whsec_hidden", noon}, "former-secret"},
      {{first, first, std::nullopt}, "former-secret"},
      {{first, "", noon}, "former-secret"},
      {{"", first, noon}, "former-secret"},
      {{first, first, WallTime{} - 1s}, "former-secret"},
      {{first, first, wall_time_max + 1us}, "former-secret"}};
  for (const auto& [secrets, field] : wrong) {
    const auto status = validate(secrets);
    BOOST_REQUIRE(!status);
    BOOST_CHECK_EQUAL(status.error().field, field);
    BOOST_CHECK_EQUAL(status.error().message.find("hidden"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(secrets_are_in_the_record_and_in_nothing_that_is_shown) {
  const auto subscription = signed_subscription();
  const auto record = to_json(subscription, true);
  BOOST_CHECK(*subscription_from_json(record) == subscription);
  for (const auto& shown :
       {to_json(subscription, false), change_to_json(subscription, "shop", "edited"),
        without_webhook_secrets(record),
        without_webhook_secrets_of_change(whole_change_to_json(record, "shop", "edited"))}) {
    BOOST_CHECK_EQUAL(shown.find("whsec_"), std::string::npos);
    BOOST_CHECK_EQUAL(shown.find("former"), std::string::npos);
  }
  auto other = subscription;
  other.secrets.edit().current = of_octets(40);
  BOOST_CHECK(!(other == subscription));
  BOOST_CHECK(differences(other, subscription).empty());
}

BOOST_AUTO_TEST_CASE(without_secrets_all_else_of_a_record_stays) {
  auto subscription = signed_subscription();
  subscription.challenge_hash = std::string(64, 'a');
  subscription.labels = {{"secret", "label"}};
  auto without = subscription;
  without.secrets = {};
  BOOST_CHECK(*subscription_from_json(without_webhook_secrets(to_json(subscription, true))) ==
              without);
  BOOST_CHECK_EQUAL(without_webhook_secrets(to_json(without, true)),
                    without_webhook_secrets(to_json(subscription, true)));
  const std::string newer = R"({"unheard":[1],"secret":"whsec_x","former-secret":7})";
  BOOST_CHECK_EQUAL(without_webhook_secrets(newer), R"({"unheard":[1]})");
}

BOOST_AUTO_TEST_CASE(an_edit_keeps_the_secrets_and_cannot_name_them) {
  const auto subscription = signed_subscription();
  BOOST_CHECK(edited(subscription, R"({"language":"en"})")->secrets == subscription.secrets);
  for (const auto* member : {"secret", "former-secret", "former-until"})
    BOOST_CHECK(!edited(subscription, R"({")" + std::string(member) + R"(":null})"));
}

BOOST_AUTO_TEST_CASE(an_owner_may_give_the_first_secret_only) {
  const std::string begin = R"({"callback":"https://a/","secret":")";
  const auto given = requested_subscription_from_json(begin + first + "\"}");
  BOOST_REQUIRE(given);
  BOOST_CHECK_EQUAL(given->secrets->current, first);
  for (const auto& wrong : {begin + "whsec_hidden\"}", begin + of_octets(65) + "\"}",
                            begin + first + R"(","former-secret":")" + first + "\"}",
                            std::string(R"({"callback":"https://a/","secret":7})")}) {
    const auto refused = requested_subscription_from_json(wrong);
    BOOST_REQUIRE(!refused);
    BOOST_CHECK_EQUAL(refused.error().message.find("hidden"), std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()

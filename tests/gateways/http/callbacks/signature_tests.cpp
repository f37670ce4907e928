// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/callbacks/signature.hpp"

#include <boost/test/unit_test.hpp>

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "gateways/http/callbacks/callback.hpp"
#include "gateways/http/callbacks/verification.hpp"
#include "tests/gateways/api/fakes.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;

namespace {

using http::Signing;

// Of the Standard Webhooks' own libraries.
const std::string id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const WallTime at = from_micros(1'614'265'330'000'000);
const std::string body = R"({"test": 2432232314})";
const std::string signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string header(const http::Headers& headers, const std::string& name) {
  std::string found;
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    BOOST_CHECK_MESSAGE(found.empty(), name << " is there twice");
    found = value;
  }
  return found;
}

std::string signature_of(const WebhookSecrets& secrets, const Signing& signing) {
  return header(http::webhook_headers(id, body, secrets, signing), "webhook-signature");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(signature_tests)

BOOST_AUTO_TEST_CASE(the_published_vector_is_reproduced) {
  const auto headers = http::webhook_headers(id, body, {secret, "", std::nullopt}, {at});
  BOOST_CHECK_EQUAL(header(headers, "webhook-id"), id);
  BOOST_CHECK_EQUAL(header(headers, "webhook-timestamp"), "1614265330");
  BOOST_CHECK_EQUAL(header(headers, "webhook-signature"), signature);
}

// Nothing is published for it: the signature is Node's.
BOOST_AUTO_TEST_CASE(an_asymmetric_signature_is_as_another_program_makes_it) {
  const auto key = SigningKey::parse(
      "whsk_6Xb/dCcHpPea21PS1N9VY/"
      "NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==");
  BOOST_REQUIRE(key);
  BOOST_CHECK_EQUAL(key->public_text(), "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
  const auto headers = http::webhook_headers(
      "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", R"({"email":"test@example.com","username":"test_user"})",
      {}, {from_micros(1'674'087'231'000'000), &*key});
  BOOST_CHECK_EQUAL(
      header(headers, "webhook-signature"),
      "v1a,xN2/XEQrPHxOGXGlP06QfW8aO/9gVxXYTQzEn2+EN0Ta0I9C8aYWIna4RcMxSxb1zBBG1K7oBJ8T"
      "0mesaacNBw==");
}

BOOST_AUTO_TEST_CASE(seconds_are_whole_and_a_body_of_a_mebibyte_is_signed_as_it_is) {
  BOOST_CHECK_EQUAL(signature_of({secret, "", std::nullopt}, {at + 999'999us}), signature);
  BOOST_CHECK_NE(signature_of({secret, "", std::nullopt}, {at + 1s}), signature);
  const std::string big(1024 * 1024, '\0');
  const auto headers = http::webhook_headers("a", big, {secret, "", std::nullopt}, {at});
  BOOST_CHECK_EQUAL(header(headers, "webhook-signature"),
                    "v1," + to_base64(hmac_sha256(*webhook_key(secret), "a.1614265330." + big)));
}

BOOST_AUTO_TEST_CASE(the_former_secret_signs_until_its_grace_is_over) {
  const WebhookSecrets secrets{make_webhook_secret(), secret, at + 1s};
  const auto both = signature_of(secrets, {at});
  const auto space = both.find(' ');
  BOOST_REQUIRE_NE(space, std::string::npos);
  BOOST_CHECK_EQUAL(both.substr(space + 1), signature);
  BOOST_CHECK_EQUAL(both.substr(0, space), signature_of({secrets.current, "", std::nullopt}, {at}));
  BOOST_CHECK_NE(signature_of(secrets, {at + 999'999us}).find(' '), std::string::npos);
  BOOST_CHECK_EQUAL(signature_of(secrets, {at + 1s}).find(' '), std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_gateways_key_signs_beside_the_secrets) {
  const auto key = SigningKey::make();
  const auto all = signature_of({make_webhook_secret(), secret, at + 1s}, {at, &key});
  const auto text = id + ".1614265330." + body;
  BOOST_CHECK(all.ends_with(signature + " v1a," + to_base64(key.sign(text))));
  BOOST_CHECK_EQUAL(signature_of({}, {at, &key}), "v1a," + to_base64(key.sign(text)));
  BOOST_CHECK_EQUAL(signature_of({}, {at}), "");
  const auto headers = http::webhook_headers(id, body, {}, {at});
  BOOST_CHECK_EQUAL(header(headers, "webhook-timestamp"), "1614265330");
}

BOOST_AUTO_TEST_CASE(an_id_cannot_be_continued_into_what_follows_it) {
  BOOST_CHECK_EQUAL(http::webhook_id("a.1614265330.b"), "a%2E1614265330%2Eb");
  BOOST_CHECK_EQUAL(http::webhook_id("id \xc3\xa9"), "id%20%C3%A9");
  BOOST_CHECK_EQUAL(http::webhook_id("a%2Eb"), "a%252Eb");
}

BOOST_AUTO_TEST_CASE(a_repeat_has_the_same_id_and_the_time_of_its_attempt) {
  auto delivery = sample_delivery("http://a.example/");
  auto subscription = *delivery->subscription;
  subscription.secrets.edit().current = secret;
  delivery->subscription = std::make_shared<const Subscription>(subscription);
  const auto one = http::callback_request(*delivery, {at});
  ++delivery->attempt;
  const auto two = http::callback_request(*delivery, {at + 5min});
  BOOST_CHECK_EQUAL(header(one.headers, "webhook-id"), header(two.headers, "webhook-id"));
  BOOST_CHECK_EQUAL(header(two.headers, "webhook-timestamp"), "1614265630");
  BOOST_CHECK_EQUAL(header(two.headers, "sense-sent"), "2021-02-25T15:07:10.000Z");
  for (const auto& request : {one, two})
    BOOST_CHECK_EQUAL(
        header(request.headers, "webhook-signature"),
        "v1," + to_base64(hmac_sha256(
                    *webhook_key(secret),
                    "e-1." + header(request.headers, "webhook-timestamp") + "." + request.body)));
}

BOOST_AUTO_TEST_CASE(the_challenge_is_signed_and_its_id_tells_nothing_of_the_token) {
  const http::Question question{"http://a.example/", "sense", "t0ken", {secret, "", std::nullopt}};
  TransferReply none;
  none.status = 405;
  const auto step = http::after_options(question, none, {at});
  BOOST_REQUIRE(!step.finished);
  const auto challenge = header(step.request.headers, "webhook-id");
  BOOST_CHECK(challenge.starts_with("challenge-"));
  BOOST_CHECK_EQUAL(challenge.find("t0ken"), std::string::npos);
  BOOST_CHECK_EQUAL(header(step.request.headers, "webhook-signature"),
                    "v1," + to_base64(hmac_sha256(*webhook_key(secret),
                                                  challenge + ".1614265330." + step.request.body)));
  // Nothing of it is in the request that comes before an agreement.
  for (const auto& [name, value] : http::first_request(question).headers)
    BOOST_CHECK_EQUAL(name, "WebHook-Request-Origin");
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// The secrets that callbacks are signed with, as their owners make, give and rotate them.
#include "core/base/encoding.hpp"
#include "core/egress/signing_key.hpp"
#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;
using nlohmann::json;

namespace {

const std::string given = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

bool has_header(const http::Response& response, const std::string& name, const std::string& value) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const auto& one) { return one.first == name && one.second == value; });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(routes_secrets_tests, RoutesFixture)

BOOST_AUTO_TEST_CASE(a_web_hook_gets_a_secret_that_is_shown_once) {
  for (const auto* callback : {"http://a.example/", "https://a.example/"}) {
    const auto made =
        ask("POST", "/v1/subscriptions", R"({"callback":")" + std::string(callback) + "\"}");
    BOOST_REQUIRE_EQUAL(made.status, 201U);
    BOOST_CHECK(has_header(made, "Cache-Control", "no-store"));
    const auto body = json::parse(made.body);
    const auto secret = body["secret"].get<std::string>();
    BOOST_CHECK(webhook_key(secret));
    const auto path = "/v1/subscriptions/" + body["id"].get<std::string>();
    BOOST_CHECK_EQUAL(harness.subscriptions.requests.back().secrets->current, secret);
    for (const auto& shown :
         {ask("GET", path), ask("GET", "/v1/subscriptions"), ask("POST", path + "/pause"),
          ask("PATCH", path, R"({"language":"en"})"), ask("POST", path + "/renew"),
          ask("DELETE", path)}) {
      BOOST_CHECK_EQUAL(shown.status, 200U);
      BOOST_CHECK_EQUAL(shown.body.find("whsec_"), std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_owner_may_bring_a_secret) {
  const auto made = ask("POST", "/v1/subscriptions",
                        R"({"callback":"https://a.example/","secret":")" + given + "\"}");
  BOOST_REQUIRE_MESSAGE(made.status == 201, made.body);
  BOOST_CHECK_EQUAL(json::parse(made.body)["secret"], given);
}

BOOST_AUTO_TEST_CASE(a_wrong_secret_is_refused_and_not_repeated) {
  for (const std::string& wrong :
       {std::string("whsec_hidden"), given.substr(0, given.size() - 4), given.substr(6),
        "whsec_" + to_base64(std::string(65, 'x')), given + "\\n"}) {
    const auto refused = ask("POST", "/v1/subscriptions",
                             R"({"callback":"https://a.example/","secret":")" + wrong + "\"}");
    check_problem(refused, 400, Code::badparam);
    BOOST_CHECK_EQUAL(json::parse(refused.body)["field"], "secret");
    BOOST_CHECK_EQUAL(refused.body.find(wrong), std::string::npos);
  }
  const auto mail = ask("POST", "/v1/subscriptions",
                        R"({"callback":"mailto:a@b.example","secret":")" + given + "\"}");
  check_problem(mail, 400, Code::badparam);
  BOOST_CHECK_EQUAL(mail.body.find(given), std::string::npos);
  BOOST_CHECK(harness.subscriptions.requests.empty());
}

BOOST_AUTO_TEST_CASE(other_callbacks_have_none) {
  const auto made = ask("POST", "/v1/subscriptions", R"({"callback":"mailto:a@b.example"})");
  BOOST_REQUIRE_EQUAL(made.status, 201U);
  BOOST_CHECK_EQUAL(made.body.find("secret"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_rotation_shows_the_new_secret_once) {
  const auto id = create();
  const auto path = "/v1/subscriptions/" + id + "/rotate-secret";
  const auto before = harness.subscriptions.all[id]->secrets->current;
  const auto rotated = ask("POST", path);
  BOOST_REQUIRE_MESSAGE(rotated.status == 200, rotated.body);
  BOOST_CHECK(has_header(rotated, "Cache-Control", "no-store"));
  const auto secret = json::parse(rotated.body)["secret"].get<std::string>();
  BOOST_CHECK_NE(secret, before);
  BOOST_CHECK_EQUAL(rotated.body.find(before), std::string::npos);
  const auto& secrets = *harness.subscriptions.all[id]->secrets;
  BOOST_CHECK_EQUAL(secrets.former, before);
  BOOST_CHECK(secrets.former_until == WallTime{} + secret_grace_default);
  const auto next = ask("POST", path, R"({"secret":")" + given + R"(","grace":"0s"})");
  BOOST_CHECK_EQUAL(json::parse(next.body)["secret"], given);
  BOOST_CHECK_EQUAL(harness.subscriptions.all[id]->secrets->former, secret);
  BOOST_CHECK(harness.subscriptions.all[id]->secrets->former_until == WallTime{});
}

BOOST_AUTO_TEST_CASE(a_wrong_rotation_changes_nothing) {
  const auto id = create();
  const auto path = "/v1/subscriptions/" + id + "/rotate-secret";
  const auto before = *harness.subscriptions.all[id]->secrets;
  for (const auto* body :
       {R"({"secret":""})", R"({"secret":"whsec_hidden"})", R"({"secret":7})", R"({"secret":null})",
        R"({"grace":"32d"})", R"({"grace":"-1s"})", R"({"grace":"soon"})", R"({"grace":24})",
        R"({"graze":"1h"})", R"(["x"])", "x", R"({"grace":"1h","grace":"2h"})"}) {
    const auto refused = ask("POST", path, body);
    BOOST_CHECK_MESSAGE(refused.status == 400, body << ": " << refused.body);
    BOOST_CHECK_EQUAL(refused.body.find("hidden"), std::string::npos);
  }
  BOOST_CHECK(*harness.subscriptions.all[id]->secrets == before);
}

BOOST_AUTO_TEST_CASE(the_secret_of_another_owner_is_not_rotated) {
  const auto id = create();
  harness.subscriptions.all[id]->owner = "shop";
  const auto before = *harness.subscriptions.all[id]->secrets;
  check_problem(ask("POST", "/v1/subscriptions/" + id + "/rotate-secret"), 404, Code::notfound);
  check_problem(ask("POST", "/v1/subscriptions/none/rotate-secret"), 404, Code::notfound);
  BOOST_CHECK(*harness.subscriptions.all[id]->secrets == before);
}

BOOST_AUTO_TEST_CASE(receivers_are_told_the_gateways_public_key) {
  BOOST_CHECK(!json::parse(ask("GET", "/v1/parameters").body).contains("webhook-public-key"));
  const auto key = SigningKey::make().public_text();
  routes =
      std::make_shared<http::Routes>(harness.context, http::Routes::Options{.public_key = key});
  BOOST_CHECK_EQUAL(json::parse(ask("GET", "/v1/parameters").body)["webhook-public-key"], key);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// Subscriptions that are made, shown, edited and ended by their owner.
#include <set>

#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;
using nlohmann::json;

BOOST_FIXTURE_TEST_SUITE(routes_subscriptions_tests, RoutesFixture)

BOOST_AUTO_TEST_CASE(a_subscription_is_made_as_asked) {
  const auto response = ask("POST", "/v1/subscriptions",
                            R"({"callback":"https://a.example/x","types":["{urn:x}*"],
                              "sources":["//hq.example/**"],"period":"10min",
                              "labels":{"team":"red"},"delivery":{"window":3}})");
  BOOST_REQUIRE_MESSAGE(response.status == 201, response.body);
  const auto& request = harness.subscriptions.requests.at(0);
  BOOST_CHECK_EQUAL(request.owner, "anonymous");
  BOOST_CHECK_EQUAL(request.via, "front");
  BOOST_CHECK_EQUAL(request.callback, "https://a.example/x");
  BOOST_CHECK_EQUAL(request.types.at(0).text(), "{urn:x}*");
  BOOST_CHECK_EQUAL(request.sources.at(0).text(), "//hq.example/**");
  BOOST_CHECK(request.period == Duration(std::chrono::minutes{10}));
  BOOST_CHECK_EQUAL(request.labels.at("team"), "red");
  BOOST_CHECK_EQUAL(request.delivery.window.value(), 3U);
  BOOST_CHECK(!request.callback_proved);
  const auto id = json::parse(response.body)["id"].get<std::string>();
  BOOST_CHECK_EQUAL(response.headers.at(1).second, "/v1/subscriptions/" + id);
  BOOST_CHECK_EQUAL(response.body.find("challenge"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_client_may_not_say_is_refused_by_name) {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {R"({"callback":"http://a/","owner":"root"})", "owner"},
      {R"({"callback":"http://a/","state":"active"})", "state"},
      {R"({"callback":"http://a/","calback":1})", "is 'callback' meant?"},
      {R"({"callback":"http://a/","callback":"http://b/"})", "'callback' is repeated"},
      {R"({"callback":"http://a/","types":"*"})", "types"},
      {R"({"callback":"http://a/","types":["{x"]})", "types"},
      {R"({"callback":"http://a/","period":600})", "period"},
      {R"({"callback":"http://a/","period":"0s"})", "period"},
      {R"({"callback":"http://a/","delivery":{"x":1}})", "x"},
      {R"({"callback":"http://u:p@a/"})", "callback"},
      {R"({"types":[]})", "callback"},
      {R"({"callback":"http://a/","labels":{"a":{"b":{"c":{}}}}})", "labels"},
      {"[]", "object"},
      {"", "JSON"},
      {std::string(300'000, ' '), "octets"}};
  for (const auto& [body, name] : bodies) {
    const auto response = ask("POST", "/v1/subscriptions", body);
    BOOST_CHECK_MESSAGE((response.status == 400U || response.status == 413U), body.substr(0, 100));
    BOOST_CHECK_MESSAGE(response.body.find(name) != std::string::npos, response.body);
  }
  BOOST_CHECK(harness.subscriptions.requests.empty());
}

BOOST_AUTO_TEST_CASE(the_list_pages_and_shows_only_ones_own) {
  std::set<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.insert(create());
  auto foreign = std::make_shared<Subscription>();
  foreign->id = "s-AAA";
  foreign->owner = "other";
  harness.subscriptions.all[foreign->id] = foreign;
  std::set<std::string> seen;
  std::string after;
  for (int page = 0; page < 3; ++page) {
    const auto body = json::parse(ask("GET", "/v1/subscriptions?limit=2&after=" + after).body);
    for (const auto& each : body["subscriptions"]) seen.insert(after = each["id"]);
    BOOST_CHECK_EQUAL(body["more"], (page < 2));
  }
  BOOST_TEST(seen == ids, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_list_says_what_this_version_cannot_read) {
  BOOST_CHECK(!json::parse(ask("GET", "/v1/subscriptions").body).contains("unreadable"));
  harness.subscriptions.unreadable = {{"s-1", "it has a member \"hue\""}};
  const auto body = json::parse(ask("GET", "/v1/subscriptions").body);
  BOOST_CHECK_EQUAL(body["unreadable"][0]["id"], "s-1");
  BOOST_CHECK_EQUAL(body["unreadable"][0]["reason"], "it has a member \"hue\"");
}

BOOST_AUTO_TEST_CASE(one_subscription_is_shown_renewed_and_cancelled) {
  const auto path = "/v1/subscriptions/" + create();
  BOOST_CHECK_EQUAL(ask("GET", path).status, 200U);
  const auto renewed = ask("POST", path + "/renew", R"({"period":"2h"})");
  BOOST_CHECK_EQUAL(renewed.status, 200U);
  BOOST_CHECK_EQUAL(json::parse(renewed.body)["period"], "2h");
  BOOST_CHECK_EQUAL(ask("POST", path + "/renew").status, 200U);
  check_problem(ask("POST", path + "/renew", R"({"period":"soon"})"), 400, Code::badparam);
  check_problem(ask("POST", path + "/renew", R"({"perod":"2h"})"), 400, Code::badparam);
  const auto cancelled = ask("DELETE", path);
  BOOST_CHECK_EQUAL(cancelled.status, 200U);
  BOOST_CHECK_EQUAL(json::parse(cancelled.body)["reason"], "cancelled");
}

BOOST_AUTO_TEST_CASE(one_subscription_is_edited_from_the_revision_that_was_seen) {
  const auto path = "/v1/subscriptions/" + create();
  const auto first = ask("PATCH", path, R"({"language":"en"})");
  BOOST_CHECK_MESSAGE(first.status == 200U, first.body);
  BOOST_CHECK_EQUAL(json::parse(first.body)["language"], "en");
  BOOST_CHECK_EQUAL(first.headers.at(0).first, "ETag");
  BOOST_CHECK_EQUAL(first.headers.at(0).second, "\"1\"");
  http::Request conditional;
  conditional.headers = {{"if-match", "\"1\""}};
  BOOST_CHECK_EQUAL(ask("PATCH", path, R"({"language":"de"})", conditional).status, 200U);
  check_problem(ask("PATCH", path, R"({"language":"fr"})", conditional), 412, Code::badcontext);
  check_problem(ask("PATCH", path, R"({"revision":1,"language":"fr"})"), 409, Code::badcontext);
  BOOST_CHECK_EQUAL(ask("PATCH", path, R"({"revision":2,"language":null})").status, 200U);
  BOOST_CHECK(!json::parse(ask("GET", path).body).contains("language"));
}

BOOST_AUTO_TEST_CASE(a_wrong_edit_names_its_field_and_changes_nothing) {
  const auto path = "/v1/subscriptions/" + create();
  for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"filter":"x ="})", "filter"},
           {R"({"types":"*"})", "types"},
           {R"({"callback":null})", "callback"},
           {R"({"delivery":{"window":0}})", "delivery"},
           {R"({"owner":"me"})", "owner"},
           {R"({"period":"1h"})", "period"}}) {
    const auto response = ask("PATCH", path, body);
    BOOST_CHECK_EQUAL(response.status, 400U);
    BOOST_CHECK_MESSAGE(json::parse(response.body).value("field", "") == field, response.body);
  }
  for (const auto* body : {"", "[]", "{", R"({"revision":0})", R"({"revision":"1"})",
                           R"({"language":"en","language":"de"})"})
    BOOST_CHECK_MESSAGE(ask("PATCH", path, body).status == 400U, body);
  for (const auto* tag : {"1", "\"x\"", "\"0\"", "W/\"1\"", "\""}) {
    http::Request request;
    request.headers = {{"if-match", tag}};
    check_problem(ask("PATCH", path, "{}", request), 400, Code::badparam);
  }
  BOOST_CHECK_EQUAL(json::parse(ask("GET", path).body)["revision"], 0);
}

BOOST_AUTO_TEST_CASE(one_subscription_is_paused_resumed_and_tested) {
  const auto id = create();
  const auto path = "/v1/subscriptions/" + id;
  BOOST_CHECK_EQUAL(json::parse(ask("POST", path + "/pause").body)["state"], "paused");
  BOOST_CHECK_EQUAL(json::parse(ask("POST", path + "/resume").body)["state"], "active");
  const auto tested = ask("POST", path + "/test");
  BOOST_CHECK_EQUAL(tested.status, 202U);
  BOOST_CHECK_EQUAL(json::parse(tested.body)["sequence"], 1);
  BOOST_CHECK_EQUAL(harness.subscriptions.tested.at(0).first, id);
  BOOST_CHECK_EQUAL(harness.subscriptions.tested.at(0).second, "anonymous");
}

BOOST_AUTO_TEST_CASE(a_refused_creation_names_its_field) {
  for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"callback":"http://a/","filter":"x ="})", "filter"},
           {R"({"callback":"http://a/","period":"0s"})", "period"},
           {R"({"callback":"nowhere"})", "callback"},
           {R"({"callback":"http://a/","calback":1})", ""}}) {
    const auto response = ask("POST", "/v1/subscriptions", body);
    BOOST_CHECK_MESSAGE(json::parse(response.body).value("field", "") == field, response.body);
  }
}

BOOST_AUTO_TEST_CASE(anothers_subscription_is_not_there) {
  auto foreign = std::make_shared<Subscription>();
  foreign->id = "s-AAA";
  foreign->owner = "other";
  harness.subscriptions.all[foreign->id] = foreign;
  check_problem(ask("GET", "/v1/subscriptions/s-AAA"), 404, Code::notfound);
  check_problem(ask("DELETE", "/v1/subscriptions/s-AAA"), 404, Code::notfound);
  for (const auto* what : {"renew", "pause", "resume", "test"})
    check_problem(ask("POST", std::string("/v1/subscriptions/s-AAA/") + what), 404, Code::notfound);
  check_problem(ask("PATCH", "/v1/subscriptions/s-AAA", "{}"), 404, Code::notfound);
  BOOST_CHECK(harness.subscriptions.tested.empty());
  BOOST_CHECK(foreign->state == SubscriptionState::pending);
  check_problem(ask("GET", "/v1/subscriptions/s-nothing"), 404, Code::notfound);
}

BOOST_AUTO_TEST_CASE(confirming_takes_a_post_with_the_right_token) {
  const auto id = create();
  const auto path = "/v1/subscriptions/" + id + "/confirm";
  BOOST_CHECK_EQUAL(ask("GET", path + "?token=good").content_type, "text/html; charset=utf-8");
  check_problem(ask("POST", path, R"({"token":"bad"})"), 403, Code::noaccess);
  check_problem(ask("POST", path, R"({})"), 400, Code::varnotfound);
  check_problem(ask("POST", path, R"({"token":7})"), 400, Code::badparam);
  BOOST_CHECK(harness.subscriptions.all.at(id)->state == SubscriptionState::pending);
  BOOST_CHECK_EQUAL(ask("POST", path, R"({"token":"good"})").status, 200U);
  BOOST_CHECK(harness.subscriptions.all.at(id)->state == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(why_a_subscription_ended_is_said_to_its_owner_alone) {
  const WallTime at = *parse_rfc3339("2026-11-29T20:00:00Z");
  harness.context.ended = [&](std::string_view id) -> std::optional<EndedSubscription> {
    if (id == "s-mine") return EndedSubscription{"anonymous", "unreachable\n", at};
    if (id == "s-other") return EndedSubscription{"other", "expired", at};
    return std::nullopt;
  };
  const std::string mine = "/v1/subscriptions/s-mine";
  for (const auto& response : {ask("GET", mine), ask("DELETE", mine), ask("PATCH", mine, "{}"),
                               ask("POST", mine + "/renew"), ask("POST", mine + "/pause")}) {
    check_problem(response, 404, Code::notfound);
    const auto detail = json::parse(response.body)["detail"].get<std::string>();
    BOOST_CHECK_EQUAL(detail,
                      "subscription s-mine ended at 2026-11-29T20:00:00.000Z: "
                      "unreachable\\x0a");
  }
  for (const auto* id : {"s-other", "s-nothing"}) {
    const auto response = ask("GET", std::string("/v1/subscriptions/") + id);
    check_problem(response, 404, Code::notfound);
    BOOST_CHECK_EQUAL(response.body.find("ended"), std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// Paths, methods and queries, and what is shown of the service itself.
#include "gateways/http/routes.hpp"

#include "core/http/problem.hpp"
#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;
using nlohmann::json;

BOOST_FIXTURE_TEST_SUITE(routes_tests, RoutesFixture)

BOOST_AUTO_TEST_CASE(queries_are_checked) {
  for (const char* query : {"limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "page=2",
                            "after=%zz", "after=%00", "after=%ff", "limit"})
    check_problem(ask("GET", std::string("/v1/subscriptions?") + query), 400, Code::badparam);
  BOOST_CHECK_EQUAL(ask("GET", "/v1/sources?after=a%2Fb&limit=5").status, 200U);
}

BOOST_AUTO_TEST_CASE(sources_parameters_and_health_are_shown) {
  BOOST_CHECK_EQUAL(json::parse(ask("GET", "/v1/sources").body)["sources"].size(), 2U);
  BOOST_CHECK_EQUAL(json::parse(ask("GET", "/v1/parameters").body)["max-period"], "86400");
  BOOST_CHECK_EQUAL(json::parse(ask("GET", "/v1/health").body)["status"], "ok");
}

// docs/operations.md, Monitoring: the admin listener has them.
BOOST_AUTO_TEST_CASE(clients_are_shown_no_metrics) {
  check_problem(ask("GET", "/metrics"), 404, Code::notfound);
}

// docs/http-gateway.md, Who a client is.
BOOST_AUTO_TEST_CASE(token_says_who_the_client_is_and_a_wrong_one_is_not_none) {
  harness.clients.principals[proof_of_token("secret")] = "shop";
  const auto with = [&](const std::vector<std::string>& values) {
    http::Request request;
    for (const auto& value : values) request.headers.emplace_back("authorization", value);
    return ask("GET", "/v1/sources", "", request);
  };
  for (const auto* given : {"Bearer secret", "bearer secret", "BEARER  secret "}) {
    BOOST_CHECK_EQUAL(with({given}).status, 200U);
    BOOST_CHECK_EQUAL(harness.clients.asked.back().principal, "shop");
  }
  BOOST_CHECK_EQUAL(with({}).status, 200U);
  BOOST_CHECK_EQUAL(harness.clients.asked.back().principal, "anonymous");
  const auto asked = harness.clients.asked.size();
  const std::vector<std::vector<std::string>> wrong = {{"Bearer Secret"},
                                                       {"Bearer"},
                                                       {""},
                                                       {"secret"},
                                                       {"Basic c2hvcDpzZWNyZXQ="},
                                                       {"Bearer secret", "Bearer secret"},
                                                       {"Bearersecret"}};
  for (const auto& values : wrong) {
    const auto response = with(values);
    check_problem(response, 401, Code::noaccess);
    BOOST_CHECK_EQUAL(response.headers.back().first, "WWW-Authenticate");
    BOOST_CHECK(response.headers.back().second.starts_with("Bearer"));
    BOOST_CHECK_EQUAL(response.body.find("ecret\""), std::string::npos);
  }
  BOOST_CHECK_EQUAL(harness.clients.asked.size(), asked);
  // Each is told to the audit trail, without what was given.
  BOOST_REQUIRE_EQUAL(harness.clients.refusals.size(), wrong.size());
  for (const auto& refusal : harness.clients.refusals) {
    BOOST_CHECK_EQUAL(refusal.client.principal, "anonymous");
    BOOST_CHECK(refusal.error.code == Code::noaccess);
    BOOST_CHECK_EQUAL((refusal.request + refusal.error.message).find("ecret"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(unknown_paths_and_methods_are_told_apart) {
  for (const char* path : {"/", "/v1", "/v1/events/", "/v1/subscriptions/", "/v2/events",
                           "/v1/subscriptions/a/b", "//v1/events", "/V1/events"})
    check_problem(ask("GET", path), 404, Code::notfound);
  const auto response = ask("PUT", "/v1/subscriptions");
  check_problem(response, 405, Code::protoerror);
  BOOST_CHECK_EQUAL(response.headers.at(1).first, "Allow");
  BOOST_CHECK_EQUAL(response.headers.at(1).second, "POST, GET, HEAD, OPTIONS");
  BOOST_CHECK_EQUAL(ask("HEAD", "/v1/events").status, 200U);
  check_problem(ask("HEAD", "/v1/nothing"), 404, Code::notfound);
}

BOOST_AUTO_TEST_CASE(head_is_served_wherever_get_is) {
  const auto id = create();
  for (const auto& path : {std::string("/v1/subscriptions"), "/v1/subscriptions/" + id,
                           std::string("/v1/sources?limit=5"), std::string("/v1/parameters"),
                           std::string("/v1/health")}) {
    const auto head = ask("HEAD", path);
    const auto get = ask("GET", path);
    BOOST_CHECK_MESSAGE(head.status == 200U, path);
    BOOST_CHECK_EQUAL(head.body, get.body);  // the server leaves it out, and says its length
  }
}

BOOST_AUTO_TEST_CASE(options_says_what_a_path_takes) {
  for (const auto& [path, allowed] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/events", "POST, GET, HEAD, OPTIONS"},
           {"/v1/events/7", "GET, HEAD, OPTIONS"},
           {"/v1/subscriptions/a", "GET, HEAD, PATCH, DELETE, OPTIONS"},
           {"*", "POST, GET, HEAD, PATCH, DELETE, OPTIONS"}}) {
    const auto response = ask("OPTIONS", path);
    BOOST_CHECK_EQUAL(response.status, 204U);
    BOOST_CHECK_EQUAL(response.headers.at(0).first, "Allow");
    BOOST_CHECK_EQUAL(response.headers.at(0).second, allowed);
    BOOST_CHECK(response.body.empty());
  }
  check_problem(ask("OPTIONS", "/v1/nothing"), 404, Code::notfound);
}

BOOST_AUTO_TEST_CASE(every_code_has_a_status) {
  for (unsigned number = 1; number <= code_max; ++number) {
    const auto status = http::status_of(*code_from_number(number));
    BOOST_CHECK_MESSAGE((status >= 400U && status < 600U), number);
  }
}

BOOST_AUTO_TEST_CASE(gateways_are_shown_with_what_they_can_do) {
  check_problem(ask("GET", "/v1/gateways"), 503, Code::noserver);
  const Capabilities mail = {.latency = {Duration{1'000}, Duration{1'000'000}}, .payload_max = 7};
  harness.context.gateways = [&] {
    return std::vector<AnnouncedGateway>{{"email", {{"mailto", mail}}}, {"old", {{"old"}}}};
  };
  const auto response = ask("GET", "/v1/gateways");
  BOOST_CHECK_EQUAL(response.status, 200U);
  const auto gateways = nlohmann::json::parse(response.body)["gateways"];
  BOOST_REQUIRE_EQUAL(gateways.size(), 2U);
  BOOST_CHECK_EQUAL(gateways[0]["name"], "email");
  BOOST_CHECK_EQUAL(gateways[0]["schemes"][0], "mailto");
  BOOST_CHECK_EQUAL(gateways[0]["capabilities"]["mailto"]["latency"]["highest"], "1s");
  BOOST_CHECK_EQUAL(gateways[0]["capabilities"]["mailto"]["payload-max"], 7);
  BOOST_CHECK(!gateways[0].contains("listening"));
  BOOST_CHECK(gateways[1]["capabilities"].empty());
}

BOOST_AUTO_TEST_CASE(what_delivery_options_cost_is_said_when_they_are_asked_for) {
  const auto made = nlohmann::json::parse(
      ask("POST", "/v1/subscriptions",
          R"({"callback":"http://a.example/","delivery":{"min-interval":"1min"}})")
          .body);
  BOOST_CHECK_EQUAL(made["latency"]["worst"], "1min");
  const auto id = made["id"].get<std::string>();
  const auto latency_of = [&](const http::Response& response) {
    return nlohmann::json::parse(response.body).value("latency", nlohmann::json());
  };
  BOOST_CHECK_EQUAL(latency_of(ask("GET", "/v1/subscriptions/" + id))["typical"], "30s");
  const auto edited = ask("PATCH", "/v1/subscriptions/" + id, R"({"delivery":null})");
  BOOST_CHECK_EQUAL(edited.status, 200U);
  BOOST_CHECK(latency_of(edited).is_null());
  check_problem(ask("POST", "/v1/subscriptions",
                    R"({"callback":"http://a.example/","delivery":)"
                    R"({"hold":"1min","max-latency":"1min"}})"),
                400, Code::badparam);
}

BOOST_AUTO_TEST_CASE(types_are_shown_with_what_is_known_of_them) {
  const auto response = ask("GET", "/v1/types?limit=5");
  BOOST_CHECK_EQUAL(response.status, 200U);
  BOOST_CHECK_EQUAL(response.body,
                    R"({"types":[{"type":"{urn:x}y","count":2,"last":"2026-11-21T09:15:00Z",)"
                    R"("attributes":{"a":"Integer"}}],"more":true})"
                    "\n");
  check_problem(ask("GET", "/v1/types?limit=0"), 400, Code::badparam);
  check_problem(ask("GET", "/v1/types?after=refused"), 403, Code::noaccess);
}

BOOST_AUTO_TEST_SUITE_END()

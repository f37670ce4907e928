// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "gateways/http/routes.hpp"
#include "tests/gateways/api/fakes.hpp"

namespace sense::test {

// The routes on the fakes of a plugin, without a socket.
struct RoutesFixture {
  RoutesFixture() : routes(std::make_shared<http::Routes>(harness.context)) {}

  http::Response ask(const std::string& method, const std::string& target,
                     const std::string& body = "", http::Request request = {}) {
    request.method = method;
    request.target = target;
    request.body = body;
    std::optional<http::Response> response;
    harness.on_reactor([&] {
      routes->handle(std::move(request), [&](http::Response given) {
        BOOST_CHECK(!response.has_value());
        response = std::move(given);
      });
    });
    BOOST_REQUIRE(response);
    return *response;
  }
  http::Response publish(const std::string& body) {
    http::Request request;
    request.headers = {{"content-type", "application/cloudevents+json"}};
    return ask("POST", "/v1/events", body, request);
  }
  std::string create(const std::string& body = R"({"callback":"http://a.example/"})") {
    const auto response = ask("POST", "/v1/subscriptions", body);
    BOOST_REQUIRE_MESSAGE(response.status == 201, response.body);
    return nlohmann::json::parse(response.body)["id"];
  }
  void check_problem(const http::Response& response, unsigned status, Code code) {
    BOOST_CHECK_MESSAGE(response.status == status, response.body);
    BOOST_CHECK_EQUAL(response.content_type, "application/problem+json");
    const auto body = nlohmann::json::parse(response.body);
    BOOST_CHECK_EQUAL(body["status"], status);
    BOOST_CHECK_MESSAGE(body["code"] == static_cast<unsigned>(code), response.body);
    BOOST_CHECK_EQUAL(body["symbol"], symbol(code));
    BOOST_CHECK_GT(body["detail"].get<std::string>().size(), 5U);
  }

  PluginHarness harness;
  std::shared_ptr<http::Routes> routes;
};

// The beginning of an event in JSON; a test adds what it is about, and the brace.
inline const std::string event_begin =
    R"({"specversion":"1.0","id":"e1","type":"{urn:x}y","source":"/a")";

}  // namespace sense::test

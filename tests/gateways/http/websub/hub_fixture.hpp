// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/gateways/http/routes_fixture.hpp"

namespace sense::test {

inline const std::string topic_target =
    "/websub/topics?type=%7Burn%3Ax%7Dt&source=%2F%2Fhq%2Fprinter%2F1";
inline const std::string topic_url = "http://events.example:8080" + topic_target;

// %XX for all but letters and digits.
inline std::string encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    char three[4];
    std::snprintf(three, sizeof(three), "%%%02X", static_cast<unsigned char>(c));
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 ? std::string(1, c) : three;
  }
  return out;
}

// Subscribers of the hub, over the routes without a socket.
struct HubFixture : RoutesFixture {
  http::Request from(const std::string& peer = "127.0.0.1:4711") {
    http::Request request;
    request.headers = {{"host", "events.example:8080"},
                       {"content-type", "application/x-www-form-urlencoded"}};
    request.peer = peer;
    return request;
  }
  http::Response post(const std::string& form, http::Request request) {
    return ask("POST", "/websub", form, std::move(request));
  }
  http::Response post(const std::string& form) { return post(form, from()); }
  static std::string form(const std::string& mode = "subscribe",
                          const std::string& topic = topic_url,
                          const std::string& callback = "https://sub.example/cb?key=1") {
    return "hub.mode=" + mode + "&hub.topic=" + encoded(topic) +
           "&hub.callback=" + encoded(callback);
  }
  // Text, of that status, which says this.
  void check_refused(const http::Response& response, unsigned status, const std::string& part) {
    BOOST_CHECK_EQUAL(response.status, status);
    BOOST_CHECK_EQUAL(response.content_type, "text/plain; charset=utf-8");
    BOOST_CHECK_MESSAGE(response.body.find(part) != std::string::npos, response.body);
    BOOST_CHECK_EQUAL(harness.subscriptions.all.size(), 0U);
  }
  const Subscription& only() {
    BOOST_REQUIRE_EQUAL(harness.subscriptions.all.size(), 1U);
    return *harness.subscriptions.all.begin()->second;
  }
  static std::string link_of(const http::Response& response) {
    for (const auto& [name, value] : response.headers)
      if (name == "Link") return value;
    return "";
  }
};

}  // namespace sense::test

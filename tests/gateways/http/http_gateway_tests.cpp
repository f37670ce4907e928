// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/http_gateway.hpp"

#include <thread>

#include "tests/core/http/coded_bodies.hpp"
#include "tests/core/http/http_client.hpp"
#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::test;

BOOST_FIXTURE_TEST_SUITE(http_gateway_tests, RoutesFixture)

BOOST_AUTO_TEST_CASE(the_whole_gateway_answers_on_a_socket_and_stops) {
  auto options = Settings::defaults(http::http_options());
  BOOST_REQUIRE(options.set("listen", "127.0.0.1:0"));
  BOOST_REQUIRE(harness.start(http::make_http_gateway(options, harness.context)));
  const auto listening = harness.gateway->listening();
  BOOST_REQUIRE(listening.size() == 1U);
  const auto port = std::stoul(listening[0].substr(listening[0].rfind(':') + 1));
  HttpClient client(static_cast<std::uint16_t>(port));
  const auto body = event_begin + "}";
  client.write(
      "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/cloudevents+json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  BOOST_CHECK_EQUAL(client.read()->status, 202U);
  client.write("HEAD /v1/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  BOOST_CHECK_EQUAL(client.read_head()->status, 200U);
  client.write("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");
  BOOST_CHECK_EQUAL(client.read()->status, 204U);
  client.write(
      "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nce-specversion: 1.0\r\nce-type: a.b\r\n"
      "ce-source: /s\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
      "Content-Length: " +
      std::to_string(gzipped.size()) + "\r\n\r\n" + gzipped);
  BOOST_CHECK_EQUAL(client.read()->status, 202U);
  BOOST_CHECK_EQUAL(harness.on_reactor([&] { return harness.publisher.published.back().data; }),
                    plain);
  harness.publisher.hold = true;
  client.write(
      "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/cloudevents+json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  while (harness.on_reactor([&] { return harness.publisher.held.empty(); }))
    std::this_thread::yield();
  harness.on_reactor([&] { harness.gateway->stop(); });
  BOOST_CHECK(!client.read());
  harness.on_reactor([&] { harness.publisher.held.at(0)(Receipt{1, false}); });
}

BOOST_AUTO_TEST_CASE(options_that_cannot_be_used_are_refused) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"listen", "nowhere"}, {"origin", "a b"}}) {
    auto options = Settings::defaults(http::http_options());
    BOOST_REQUIRE(options.set(key, value));
    const auto gateway = http::make_http_gateway(options, harness.context);
    BOOST_REQUIRE(!gateway);
    BOOST_CHECK_EQUAL(gateway.error().message.find(key), 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

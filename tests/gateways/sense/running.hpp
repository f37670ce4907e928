// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateways/sense/model/limits.hpp"
#include "tests/gateways/sense/server_fixture.hpp"

extern "C" const sense::GatewayDescriptor* sense_gateway_descriptor();

namespace sense::datagram::test {

// The real plugin on the loopback interface, with a fake host.
struct Running {
  boost::asio::io_context reactor;
  Counters counters;
  EgressPolicy egress = *EgressPolicy::make({});
  FakeSubscriptions subscriptions{system_clock()};
  FakePublisher publisher;
  sense::testing::FakeClients clients{publisher, subscriptions};
  GatewayContext context{
      "sense",  system_clock(),
      counters, reactor,
      clients,  subscriptions,
      egress,   [] { return std::vector<std::pair<std::string, std::string>>{}; }};
  std::unique_ptr<Gateway> gateway;
  std::vector<Endpoint> servers;

  // `more`: other options than the defaults.
  explicit Running(std::vector<std::string> listen = {"127.0.0.1:0"},
                   const std::vector<std::pair<std::string, std::string>>& more = {}) {
    auto settings = Settings::defaults(sense_gateway_descriptor()->options);
    BOOST_REQUIRE(settings.set_list("listen", std::move(listen)).has_value());
    BOOST_REQUIRE(settings.set("retry-interval", "100ms").has_value());
    for (const auto& [key, value] : more) BOOST_REQUIRE(settings.set(key, value).has_value());
    auto made = sense_gateway_descriptor()->create(settings, context);
    BOOST_REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
    gateway = std::move(*made);
    const auto status = gateway->start();
    BOOST_REQUIRE_MESSAGE(status.has_value(), (status ? "" : status.error().message));
    for (const auto& uri : gateway->listening()) servers.push_back(*endpoint_of(uri));
  }
  ~Running() { gateway->stop(); }

  // Runs the reactor and the host until the condition holds; at most ten seconds.
  template <class Condition>
  void until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!condition() && std::chrono::steady_clock::now() < end) {
      reactor.restart();
      reactor.run_for(std::chrono::milliseconds{1});
      subscriptions.run();
      publisher.run();
    }
    BOOST_REQUIRE(condition());
  }
};

inline std::shared_ptr<Delivery> delivery_for(SubscriptionRef subscription) {
  Event event;
  event.id = "1";
  event.type = *QName::parse("{a}b");
  event.source = "//x";
  event.time = WallTime{};
  event.data = "hello";
  auto delivery = std::make_shared<Delivery>();
  delivery->subscription = std::move(subscription);
  delivery->number = 1;
  delivery->event = std::make_shared<const Event>(event);
  return delivery;
}

}  // namespace sense::datagram::test

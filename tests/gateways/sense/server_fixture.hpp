// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/gateways/sense/hosted_server.hpp"

namespace sense::datagram::test {

inline Endpoint endpoint(const std::string& text) {
  const auto parsed = endpoint_of(text);
  BOOST_REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}

// What peers do with the server, and what the engine does: datagrams in, datagrams out.
class ServerFixture : public HostedServer {
 public:
  using HostedServer::HostedServer;

  // Which listener has that kind of address.
  static std::size_t listener_of(const Endpoint& from) {
    return static_cast<std::size_t>(from.kind()) - static_cast<std::size_t>(TransportKind::ipv4);
  }
  // Sends one datagram to the server and lets the host answer. What came back is in `sent`.
  std::vector<std::string> tell(const Endpoint& from, std::string_view octets, bool answer = true) {
    sent.clear();
    perform(server->on_datagram(octets, {from, listener_of(from)}, clock.now()));
    if (answer) settle();
    return octets_to(from);
  }
  Message ask(const Endpoint& from, const Message& request) {
    const auto replies = tell(from, serialize(request));
    BOOST_REQUIRE_EQUAL(replies.size(), 1U);
    const auto reply = parse(replies[0]);
    BOOST_REQUIRE_MESSAGE(reply.has_value(), replies[0]);
    BOOST_CHECK(reply->kind == Kind::reply);
    BOOST_CHECK_EQUAL(reply->tag, request.tag);
    return *reply;
  }
  // A cookie for this address.
  std::string cookie(const Endpoint& from) {
    return std::string(ask(from, make_message(Kind::parameters, "ping")).text("Cookie"));
  }
  Message registration(const Endpoint& from, const std::string& tag = "r2") {
    auto message = make_message(Kind::register_, tag);
    message.add("Period", 600U).add("Cookie", cookie(from));
    return message;
  }
  SubscriptionRef subscribe(const Endpoint& from, const std::string& tag = "r2") {
    const auto reply = ask(from, registration(from, tag));
    BOOST_REQUIRE_EQUAL(static_cast<int>(reply.code), 0);
    return subscriptions.served.at(std::string(reply.text("Subscription")));
  }

  AttemptId deliver(std::shared_ptr<const Delivery> delivery) {
    sent.clear();
    perform(server->deliver(++last_attempt_id, std::move(delivery), clock.now()));
    return last_attempt_id;
  }
  std::shared_ptr<Delivery> event_delivery(SubscriptionRef subscription, std::uint64_t number,
                                           std::string data = "342 Printer jam") {
    Event event;
    event.id = "01JD3" + std::to_string(number);
    event.type = *QName::parse("{urn:example:printer}jam");
    event.source = "//hq.example/printer/floor2/hp4";
    event.time = *parse_rfc3339("2026-11-21T09:15:00.250Z");
    event.severity = std::uint8_t{3};
    event.datacontenttype = "text/plain";
    event.data = std::move(data);
    event.sequence = 88119 + number;
    auto delivery = std::make_shared<Delivery>();
    delivery->subscription = std::move(subscription);
    delivery->number = number;
    delivery->event = std::make_shared<const Event>(std::move(event));
    return delivery;
  }
  std::vector<std::string> ack(const Endpoint& from, std::string_view subscription,
                               std::string_view number) {
    auto message = make_message(Kind::ack, "a1");
    message.add("Subscription", subscription).add("Number", number);
    return tell(from, serialize(message));
  }
  std::optional<Attempt> attempt(AttemptId attempt_id) const {
    const auto found = attempts.find(attempt_id);
    if (found == attempts.end()) return std::nullopt;
    return found->second;
  }
  std::vector<std::string> octets_to(const Endpoint& to) const {
    std::vector<std::string> octets;
    for (const auto& datagram : sent)
      if (datagram.to.address == to) octets.push_back(datagram.octets);
    return octets;
  }
};

}  // namespace sense::datagram::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/sense/keyed.hpp"
#include "tests/gateways/sense/server_fixture.hpp"

namespace sense::datagram::test {

// A minimal client that signs all messages and requires the same of the server.
struct KeyedClient {
  ServerFixture& fixture;
  Endpoint address;
  SharedKey key;
  unsigned tags = 0;
  std::string cookie = {};

  [[nodiscard]] std::string octets(const Message& message, Duration ahead = Duration{0}) const {
    return sign(serialize(message), key, fixture.clock.now().wall + ahead);
  }
  // The replies, at most one, with a valid Mac.
  std::optional<Message> tell(const std::string& octets) {
    const auto replies = fixture.tell(address, octets);
    BOOST_REQUIRE(replies.size() <= 1U);
    if (replies.empty()) return std::nullopt;
    BOOST_CHECK_MESSAGE(is_signed(replies[0]), replies[0]);
    return *parse(replies[0]);
  }
  [[nodiscard]] bool is_signed(const std::string& text) const {
    const auto message = parse(text);
    BOOST_REQUIRE_MESSAGE(message.has_value(), text);
    const auto claim = read_claim(*message, text);
    return claim && claim->key == key.name && proves(*claim, key.secret);
  }
  Message ask(const Message& message, Duration ahead = Duration{0}) {
    const auto reply = tell(octets(message, ahead));
    BOOST_REQUIRE(reply.has_value());
    BOOST_CHECK_EQUAL(reply->tag, message.tag);
    return *reply;
  }
  Message request(Kind kind) {
    if (cookie.empty())
      cookie = std::string(ask(make_message(Kind::parameters, "first")).text("Cookie"));
    auto message = make_message(kind, "k" + std::to_string(++tags));
    message.add("Cookie", cookie);
    if (kind == Kind::register_) message.add("Period", 600U);
    return message;
  }
  SubscriptionRef subscribe() {
    const auto reply = ask(request(Kind::register_));
    BOOST_REQUIRE_EQUAL(static_cast<int>(reply.code), 0);
    return fixture.subscriptions.served.at(std::string(reply.text("Subscription")));
  }
  void ack(const std::string& subscription, const std::string& numbers) {
    auto message = make_message(Kind::ack, "a1");
    message.add("Subscription", subscription).add("Number", numbers);
    BOOST_CHECK(!tell(octets(message)).has_value());
  }
};

inline const SharedKey hp4{"hp4", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};
inline const SharedKey press{"press", "9123456789ABCDEFGHJKMNPQRSTVWXYZ"};
inline const Endpoint home(boost::asio::ip::make_address("10.1.2.3"), 9000);
inline const Endpoint away(boost::asio::ip::make_address("10.1.2.3"), 9001);
inline const Endpoint abroad(boost::asio::ip::make_address("192.0.2.9"), 9000);

inline Extras with_keys() {
  Extras extras;
  extras.keys = {hp4, press};
  return extras;
}

struct Keyed {
  ServerFixture fixture{{}, {}, with_keys()};
  KeyedClient client{fixture, home, hp4};
};

}  // namespace sense::datagram::test

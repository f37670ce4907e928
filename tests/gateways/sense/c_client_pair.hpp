// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/gateways/sense/c_client.hpp"
#include "tests/gateways/sense/server_fixture.hpp"

namespace sense::datagram::test {

inline constexpr auto device_address = "sense://192.0.2.7:9000";
inline constexpr std::chrono::seconds period{600};

inline Message message_of(const std::string& octets) {
  const auto message = parse(octets);
  BOOST_REQUIRE_MESSAGE(message.has_value(), octets);
  return *message;
}
// The only datagram that the device sent; removed from it.
inline Message only(Device& device) {
  BOOST_REQUIRE_EQUAL(device.sent.size(), 1U);
  return message_of(std::exchange(device.sent, {})[0]);
}

struct Pair {
  explicit Pair(DeviceOptions options = {}, const char* address = device_address)
      : endpoint(test::endpoint(address)), device(std::move(options)) {
    BOOST_REQUIRE(device.usable);
  }
  // Exchanges datagrams until both ends are silent.
  void exchange() {
    for (int i = 0; i < 20 && !device.sent.empty(); ++i)
      for (const auto& octets : std::exchange(device.sent, {}))
        for (const auto& reply : fixture.tell(endpoint, octets)) device.receive(reply, now());
    BOOST_CHECK(device.sent.empty());
  }
  SubscriptionRef registered() {
    device.tick(now());
    exchange();
    BOOST_REQUIRE(!device.id().empty());
    return fixture.subscriptions.served.at(device.id());
  }
  // The replies of the server to `device` are lost.
  void lose() {
    for (const auto& octets : std::exchange(device.sent, {})) (void)fixture.tell(endpoint, octets);
  }
  AttemptId deliver(const std::shared_ptr<Delivery>& delivery) {
    const auto attempt_id = fixture.deliver(delivery);
    for (const auto& octets : fixture.octets_to(endpoint)) device.receive(octets, now());
    return attempt_id;
  }
  AttemptId event(std::uint64_t number, std::string data = "342 Printer jam") {
    return deliver(fixture.event_delivery(fixture.subscriptions.served.at(device.id()), number,
                                          std::move(data)));
  }
  AttemptId ended(const std::string& reason) {
    auto delivery = fixture.event_delivery(fixture.subscriptions.served.at(device.id()), 1);
    delivery->kind = Delivery::Kind::ended;
    delivery->reason = reason;
    return deliver(delivery);
  }
  void pass(Duration time) {
    fixture.clock.advance(time);
    device.tick(now());
  }
  [[nodiscard]] MonoTime now() const { return fixture.clock.now().mono; }
  bool delivered(AttemptId attempt_id) {
    exchange();
    const auto attempt = fixture.attempt(attempt_id);
    return attempt && attempt->outcome == Attempt::Outcome::delivered;
  }

  ServerFixture fixture;
  Endpoint endpoint;
  Device device;
};

// An EVENT of subscription s-1, written without a server.
inline std::string event_octets(const std::string& number, const std::string& more = "") {
  return "SENSE/1 EVENT e1\nSubscription: s-1\nNumber: " + number +
         "\nId: i\nType: {a}b\nSource: //x\nTime: 2026-11-21T09:15:00Z\nSequence: 1\nAttempt: 1\n" +
         more + "\n";
}
// Subscribes as s-1, without a server.
inline void subscribe_alone(Device& device, MonoTime now) {
  device.tick(now);
  const auto tag = only(device).tag;
  device.receive("SENSE/1 REPLY " + tag + " 0 NOERROR\nSubscription: s-1\nPeriod: 600\n\n", now);
  BOOST_REQUIRE_EQUAL(device.id(), "s-1");
}

}  // namespace sense::datagram::test

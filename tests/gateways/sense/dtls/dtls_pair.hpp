// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ip/address.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateways/sense/dtls/sessions.hpp"
#include "tests/gateways/sense/dtls/virtual_time.hpp"

namespace sense::datagram::test {

inline const SharedKey hp4_key{"hp4", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};
inline const SharedKey press_key{"press", "9123456789ABCDEFGHJKMNPQRSTVWXYZ"};

inline Endpoint dtls_peer(std::uint16_t port, const std::string& address = "192.0.2.7") {
  return Endpoint(boost::asio::ip::make_address(address), port).with_dtls(true);
}

template <class Made>
auto made(Made result) {
  BOOST_REQUIRE_EQUAL(result.has_value() ? "" : result.error().message, "");
  return std::move(*result);
}

// Sessions of a server, and a wire to clients at chosen addresses that counts octets and may lose
// datagrams. Time stands still but for advance().
struct DtlsWorld {
  OpenSslTime openssl_time;
  VirtualClock clock;
  Counters counters;
  Limits limits;
  DtlsSessions server;
  std::vector<DtlsOutput::Received> received;

  explicit DtlsWorld(DtlsServerFiles files = {})
      : server(made(make_dtls_server(files, true)), limits, counters, std::string(32, 'c')) {
    DtlsOutput none;
    server.set_keys({hp4_key, press_key}, none);
  }
  MonoTime now() const { return clock.now().mono; }
  void advance(Duration by) {
    clock.advance(by);
    openssl_time.advance(by);
  }
  std::uint64_t count(const std::string& name) { return counters["sense.dtls." + name].load(); }

  // Sends one datagram to the server; answers what it sends to that address.
  std::vector<std::string> tell(const Endpoint& from, std::string_view octets) {
    DtlsOutput out;
    server.on_datagram(octets, from, now(), out);
    return take(from, out);
  }
  std::vector<std::string> take(const Endpoint& to, DtlsOutput& out) {
    std::vector<std::string> answers;
    for (auto& sent : out.send)
      if (sent.to == to) answers.push_back(std::move(sent.octets));
    for (auto& one : out.received) received.push_back(std::move(one));
    return answers;
  }
};

// A client at an address.
struct DtlsPeer {
  DtlsWorld& world;
  Endpoint address;
  std::unique_ptr<DtlsConnection> connection;
  std::size_t octets_out = 0;
  std::size_t octets_in = 0;
  std::vector<std::string> received;
  // Whether a datagram gets lost; `up`: to the server.
  std::function<bool(bool up)> loses = [](bool) { return false; };

  DtlsPeer(DtlsWorld& with, const Endpoint& at, std::optional<SharedKey> key = hp4_key,
           const std::string& authorities = {}, const std::string& suites = {})
      : world(with), address(at) {
    const auto context = made(make_dtls_client({key.has_value(), authorities}));
    if (!suites.empty()) SSL_CTX_set_cipher_list(context.get(), suites.c_str());
    connection = made(DtlsConnection::client(context, key, "gateway.example"));
  }

  using State = DtlsConnection::State;
  [[nodiscard]] bool is_open() const { return connection->state() == State::open; }
  // Carries datagrams there and back until there are none.
  void exchange() {
    for (auto sent = connection->take_outgoing(); !sent.empty();
         sent = connection->take_outgoing()) {
      for (const auto& datagram : sent) {
        octets_out += datagram.size();
        if (!loses(true)) hear(world.tell(address, datagram));
      }
    }
    for (auto& octets : connection->take_received()) received.push_back(std::move(octets));
  }
  void hear(const std::vector<std::string>& datagrams) {
    for (const auto& datagram : datagrams) {
      octets_in += datagram.size();
      if (!loses(false)) connection->receive(datagram);
    }
  }
  bool connect() {
    connection->start();
    exchange();
    return is_open();
  }
  // Lets both sides' timers fire, a second at a time.
  void wait(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      world.advance(std::chrono::seconds{1});
      if (const auto due = connection->next_timeout(); due && due->count() == 0)
        connection->on_timeout();
      exchange();
      DtlsOutput out;
      world.server.on_timer(world.now(), out);
      hear(world.take(address, out));
      exchange();
    }
  }
  void say(std::string_view octets) {
    BOOST_REQUIRE(connection->send(octets));
    exchange();
  }
  // What the server sends to this address as `key`.
  bool hears(std::string_view key, std::string_view octets) {
    DtlsOutput out;
    const bool sent = world.server.send(address, key, octets, out);
    hear(world.take(address, out));
    exchange();
    return sent;
  }
};

}  // namespace sense::datagram::test

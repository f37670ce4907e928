// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/sense/transport/transport.hpp"

// Transports on the loopback interface, for the tests of each kind.
namespace sense::datagram::test {

namespace asio = boost::asio;
namespace ip = boost::asio::ip;

// Runs the reactor until the condition holds; at most ten seconds.
template <class Condition>
void until(asio::io_context& reactor, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition() && std::chrono::steady_clock::now() < end) {
    reactor.restart();
    reactor.run_for(std::chrono::milliseconds{1});
  }
  BOOST_REQUIRE(condition());
}

// One end: an open transport, and the datagrams that it received.
struct End {
  struct Received {
    std::string octets;
    Endpoint from;
    bool cut = false;
  };

  End(asio::io_context& io, const Endpoint& own, const TransportOptions& options = {})
      : reactor(io) {
    auto opened = open_transport(io, own, options, counters);
    BOOST_REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    transport = std::move(*opened);
    transport->start(
        [this](std::span<const Datagram> batch) {
          batch_longest = std::max(batch_longest, batch.size());
          for (const auto& datagram : batch)
            received.push_back({std::string(datagram.octets), datagram.from, datagram.cut});
          if (on_batch) on_batch();
        },
        [this] { ++refused; });
  }

  [[nodiscard]] const Endpoint& local() const { return transport->local(); }
  void send(const Endpoint& to, const std::string& octets) {
    transport->send(to, octets);
    transport->flush();
  }
  std::uint64_t count(const std::string& name) {
    return counters["sense.datagrams." + name].load();
  }
  // The next datagram; runs the reactor until it is received.
  Received next() {
    until(reactor, [this] { return received.size() > taken; });
    return received[taken++];
  }

  asio::io_context& reactor;
  Counters counters;
  std::unique_ptr<Transport> transport;
  std::vector<Received> received;
  std::size_t taken = 0;
  std::size_t batch_longest = 0;
  unsigned refused = 0;
  std::function<void()> on_batch;
};

inline const Endpoint any_v4{ip::address_v4::loopback(), 0};

// A folder of this test's own, gone afterwards.
struct Folder {
  Folder() {
    std::string name = std::filesystem::temp_directory_path().string() + "/sense-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

// A UDP port that was free at every address of this machine a moment ago.
inline std::uint16_t free_udp_port() {
  asio::io_context io;
  return ip::udp::socket(io, {ip::address_v4::any(), 0}).local_endpoint().port();
}

// A LocalTalk cable on the loopback interface, and what goes over it.
struct Cable {
  explicit Cable(asio::io_context& io) : socket(io) {
    const ip::udp::endpoint any(group.group, 0);
    socket.open(ip::udp::v4());
    socket.set_option(ip::udp::socket::reuse_address(true));
    socket.bind(any);
    group.interface = ip::address_v4::loopback();
    group.port = socket.local_endpoint().port();
    socket.set_option(ip::multicast::join_group(group.group, group.interface));
    socket.set_option(ip::multicast::outbound_interface(group.interface));
  }
  [[nodiscard]] TransportOptions options() const {
    TransportOptions options;
    options.ddp_group = group;
    return options;
  }
  void put(const std::string& frame) {
    socket.send_to(asio::buffer(frame), {group.group, group.port});
  }
  // The next frame of an open transport, without the number of its sender.
  std::string next(asio::io_context& io) {
    until(io, [this] { return socket.available() > 0; });
    std::string frame(2048, '\0');
    frame.resize(socket.receive(asio::buffer(frame)));
    BOOST_REQUIRE(frame.size() >= 7);
    return frame.substr(4);
  }
  void forget_all() {
    std::string frame(2048, '\0');
    while (socket.available() > 0) (void)socket.receive(asio::buffer(frame));
  }

  DdpGroup group;
  ip::udp::socket socket;
};

inline std::string hex(std::string_view octets) {
  std::string text;
  for (const char octet : octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(octet) >> 4U];
    text += digits[static_cast<unsigned char>(octet) & 15U];
  }
  return text;
}

// "ffff 0021": blanks are for the reader.
inline std::string octets_of(std::string_view text) {
  std::string octets;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high >= 0) octets += static_cast<char>(high * 16 + digit);
    high = high >= 0 ? -1 : digit;
  }
  return octets;
}

}  // namespace sense::datagram::test

// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateways/sense/dtls/sessions.hpp"

// Any octets as a datagram to a DTLS listener, from an address that has proved nothing, into a
// session, into a handshake, and as a datagram to a client: they open nothing, end no session, and
// are answered with at most three times as many.
namespace {

using namespace sense;
using namespace sense::datagram;

void require(bool condition) {
  if (!condition) std::abort();
}

Endpoint at_port(std::uint16_t port) {
  return Endpoint(boost::asio::ip::make_address("192.0.2.7"), port).with_dtls(true);
}

const SharedKey key{"hp4", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};

struct World {
  VirtualClock clock;
  Counters counters;
  Limits limits;
  DtlsSessions server;
  std::vector<DtlsOutput::Received> received;

  World() : server(context(), limits, counters, std::string(32, 'c')) {
    DtlsOutput none;
    server.set_keys({key}, none);
  }
  static const DtlsContext& context() {
    static const auto made = *make_dtls_server({}, true);
    return made;
  }
  std::vector<std::string> tell(const Endpoint& from, std::string_view octets) {
    DtlsOutput out;
    server.on_datagram(octets, from, clock.now().mono, out);
    for (auto& one : out.received) received.push_back(std::move(one));
    std::vector<std::string> sent;
    for (auto& one : out.send) sent.push_back(std::move(one.octets));
    return sent;
  }
};

struct FuzzedPeer {
  World& world;
  Endpoint address;
  std::unique_ptr<DtlsConnection> connection;

  FuzzedPeer(World& with, std::uint16_t port) : world(with), address(at_port(port)) {
    static const auto context = *make_dtls_client({true, {}});
    connection = std::move(*DtlsConnection::client(context, key, "gateway.example"));
    connection->start();
  }
  // So many flights of this side.
  void fly(int flights) {
    for (; flights > 0; --flights)
      for (const auto& datagram : connection->take_outgoing())
        for (const auto& answer : world.tell(address, datagram)) connection->receive(answer);
  }
  [[nodiscard]] bool is_open() const { return connection->state() == DtlsConnection::State::open; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  World world;
  std::size_t answered = 0;
  for (const auto& answer : world.tell(at_port(1), octets)) answered += answer.size();
  require(answered <= 3 * octets.size());
  require(world.server.places() == 0);

  FuzzedPeer peer(world, 2);
  peer.fly(4);
  require(peer.is_open() && world.server.sessions() == 1);
  (void)world.tell(peer.address, octets);
  peer.connection->receive(octets);
  require(peer.is_open() && world.server.sessions() == 1 && world.received.empty());
  require(peer.connection->take_received().empty());
  require(peer.connection->send("still here"));
  peer.fly(1);
  require(world.received.size() == 1 && world.received[0].octets == "still here");

  FuzzedPeer late(world, 3);
  late.fly(2);
  (void)world.tell(late.address, octets);
  late.connection->receive(octets);
  late.fly(3);
  require(world.server.sessions() <= 2 && world.received.size() == 1);
  DtlsOutput out;
  world.server.close(out);
  require(world.server.places() == 0);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "core/base/check.hpp"
#include "core/base/random.hpp"
#include "core/sense/transport/frames.hpp"
#include "core/sense/transport/socket.hpp"

// IPX in UDP (RFC 1234): all nodes of the IPX network are hosts of one IP internet, and each has
// the same UDP port. A node's number is two octets of zero and its IPv4 address.
namespace sense::datagram {

namespace {

constexpr std::uint64_t no_checksum = 0xffff;
constexpr std::uint8_t packet_exchange = 4;
// Sockets for dynamic assignment.
constexpr std::uint16_t dynamic_first = 0x4000;
constexpr std::uint16_t dynamic_last = 0x7fff;
constexpr std::size_t ipx_data_max = 65'507 - ipx_header_size;

std::uint64_t get(std::string_view octets, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (const char octet : octets.substr(at, size))
    value = value << 8U | static_cast<unsigned char>(octet);
  return value;
}

char* put(char* place, std::size_t size, std::uint64_t value) {
  for (std::size_t i = size; i-- > 0; value >>= 8U)
    place[i] = static_cast<char>(static_cast<unsigned char>(value));
  return place + size;
}

Endpoint read_address(std::string_view packet, std::size_t at) {
  return Endpoint::at_ipx(static_cast<std::uint32_t>(get(packet, at, 4)), get(packet, at + 4, 6),
                          static_cast<std::uint16_t>(get(packet, at + 10, 2)));
}

char* write_address(char* place, const Endpoint& endpoint) {
  place = put(place, 4, endpoint.network());
  place = put(place, 6, endpoint.node());
  return put(place, 2, endpoint.port());
}

bool is_ip_node(std::uint64_t node) { return node != 0 && node >> 32U == 0; }

class IpxTransport final : public SocketTransport {
 public:
  IpxTransport(boost::asio::io_context& reactor, const TransportOptions& options,
               Counters& counters)
      : SocketTransport(reactor, options, {ipx_header_size, ipx_data_max}, counters) {}
  ~IpxTransport() override { close(); }

  Status open(const Endpoint& own) {
    local_ = own;
    if (!is_ip_node(own.node()))
      return fail(Code::addrnotavail,
                  "cannot bind " + to_uri(own) +
                      ": a node is 0000 and the eight hexadecimal digits of an IPv4 address of "
                      "this machine (RFC 1234)");
    if (auto status = open_socket(AF_INET); !status) return status;
    if (auto status = socket_.bind(SocketAddress(udp_endpoint_of(own))); !status) return status;
    // The node belongs to this process alone, so every socket is free.
    if (own.port() == 0) local_ = own.with_port(any_socket());
    return connect();
  }

 protected:
  std::optional<std::size_t> wrap(Outgoing outgoing) override {
    const auto& to = outgoing.to;
    if (to.kind() != TransportKind::ipx || to.network() != local_.network() ||
        !is_ip_node(to.node()))
      return std::nullopt;
    if (!connected_)
      outgoing.address = SocketAddress(udp_endpoint_of(to));
    else if (!same_host(to, *options_.peer))
      return std::nullopt;
    write_ipx_header(outgoing.header, to, local_, outgoing.size);
    return ipx_header_size;
  }

  bool unwrap(std::string_view octets, const SocketAddress& from, Datagram& datagram) override {
    const auto packet = read_ipx(octets, datagram.cut);
    if (!packet) return count(misframed_);
    const auto network = packet->to.network();
    if (packet->to.node() != local_.node() || packet->to.port() != local_.port() ||
        (network != 0 && network != local_.network()))
      return count(foreign_);
    datagram.octets = packet->octets;
    const auto& sender = packet->from;
    datagram.from = Endpoint::at_ipx(sender.network() == 0 ? local_.network() : sender.network(),
                                     sender.node(), sender.port());
    // A sender whose node is not its IP address, or whose UDP port is not that of this network,
    // could redirect the reply to a third party.
    const bool answerable = is_ip_node(sender.node()) && sender.port() != 0 &&
                            datagram.from.network() == local_.network() &&
                            udp_endpoint_of(sender) == from.endpoint();
    return answerable || count(unanswerable_);
  }

 private:
  static bool count(Counters::Counter& counter) {
    ++counter;
    return false;
  }
  static std::uint16_t any_socket() {
    std::uint16_t random = 0;
    fill_random({reinterpret_cast<unsigned char*>(&random), sizeof(random)});
    return static_cast<std::uint16_t>(dynamic_first + random % (dynamic_last - dynamic_first + 1));
  }
  // The UDP endpoint of a node.
  [[nodiscard]] Endpoint udp_endpoint_of(const Endpoint& endpoint) const {
    return {boost::asio::ip::address_v4(static_cast<std::uint32_t>(endpoint.node())),
            options_.ipx_port};
  }
  Status connect() {
    if (!options_.peer) return {};
    if (options_.peer->kind() != TransportKind::ipx || !is_ip_node(options_.peer->node()))
      return socket_.cannot_bind(EAFNOSUPPORT);
    const SocketAddress peer(udp_endpoint_of(*options_.peer));
    if (::connect(socket_.handle(), &peer.any, peer.length) < 0) return socket_.cannot_bind(errno);
    connected_ = true;
    return {};
  }
};

}  // namespace

std::optional<Frame> read_ipx(std::string_view packet, bool cut) {
  if (packet.size() < ipx_header_size || get(packet, 0, 2) != no_checksum) return std::nullopt;
  const auto length = get(packet, 2, 2);
  if (length < ipx_header_size || (length > packet.size() && !cut)) return std::nullopt;
  // The rest is padding.
  return Frame{read_address(packet, 6), read_address(packet, 18),
               packet.substr(0, length).substr(ipx_header_size)};
}

void write_ipx_header(char* place, const Endpoint& to, const Endpoint& from, std::size_t size) {
  SENSE_CHECK(size <= 0xffff - ipx_header_size);
  place = put(place, 2, no_checksum);
  place = put(place, 2, ipx_header_size + size);
  place = put(place, 1, 0);  // hops
  place = put(place, 1, packet_exchange);
  place = write_address(place, to);
  write_address(place, from);
}

Result<std::unique_ptr<Transport>> open_ipx(boost::asio::io_context& reactor, const Endpoint& own,
                                            const TransportOptions& options, Counters& counters) {
  auto transport = std::make_unique<IpxTransport>(reactor, options, counters);
  if (auto status = transport->open(own); !status) return tl::unexpected(status.error());
  return transport;
}

}  // namespace sense::datagram

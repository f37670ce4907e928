// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <system_error>

#include "core/sense/transport/socket.hpp"

// UDP over IPv4 or IPv6 (RFC 768): a datagram of SENSE is one of UDP.
namespace sense::datagram {

namespace {

class UdpTransport final : public SocketTransport {
 public:
  UdpTransport(boost::asio::io_context& reactor, const TransportOptions& options,
               Counters& counters)
      : SocketTransport(reactor, options, {}, counters) {}
  ~UdpTransport() override { close(); }

  Status open(const Endpoint& own) {
    local_ = own;
    const bool six = own.kind() == TransportKind::ipv6;
    if (auto status = open_socket(six ? AF_INET6 : AF_INET); !status) return status;
    // Each kind of address has its own socket, so that no client appears under a mapped address.
    if (six)
      if (auto status = socket_.set_option(IPPROTO_IPV6, IPV6_V6ONLY, 1); !status) return status;
    if (auto status = socket_.bind(SocketAddress(own)); !status) return status;
    if (auto status = connect(); !status) return status;
    local_ = socket_.bound_to().endpoint();
    return {};
  }

 protected:
  std::optional<std::size_t> wrap(Outgoing outgoing) override {
    if (outgoing.to.kind() != local_.kind()) return std::nullopt;
    if (!connected_)
      outgoing.address = SocketAddress(outgoing.to);
    else if (outgoing.to != *options_.peer)
      return std::nullopt;
    return 0;
  }

  bool unwrap(std::string_view octets, const SocketAddress& from, Datagram& datagram) override {
    datagram.octets = octets;
    datagram.from = from.endpoint();
    return true;
  }

 private:
  Status connect() {
    if (!options_.peer) return {};
    if (options_.peer->kind() != local_.kind()) return socket_.cannot_bind(EAFNOSUPPORT);
    const SocketAddress peer(*options_.peer);
    if (::connect(socket_.handle(), &peer.any, peer.length) < 0)
      return fail(Code::commerror, "cannot reach " + to_uri(*options_.peer) + " from " +
                                       to_uri(local_) + ": " +
                                       std::generic_category().message(errno));
    connected_ = true;
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<Transport>> open_udp(boost::asio::io_context& reactor, const Endpoint& own,
                                            const TransportOptions& options, Counters& counters) {
  auto transport = std::make_unique<UdpTransport>(reactor, options, counters);
  if (auto status = transport->open(own); !status) return tl::unexpected(status.error());
  return transport;
}

}  // namespace sense::datagram

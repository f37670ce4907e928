// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

// The addresses of SENSE/1, whatever carries the datagrams. Values and pure functions; any thread.
namespace sense::datagram {

// What carries datagrams: each kind of transport has its own kind of address (docs/transports.md).
enum class TransportKind : std::uint8_t { none, ipv4, ipv6, unix_path, ipx, ddp };

// "IPv4", "Unix", "IPX", for people.
[[nodiscard]] std::string_view to_text(TransportKind kind);

// One end of a conversation. Ordered and hashable; an address of an IP network, of IPX or of DDP
// takes no memory of its own.
class Endpoint {
 public:
  static constexpr std::size_t path_length_max = 107;  // sockaddr_un, without its NUL
  static constexpr std::uint64_t node_max = 0xffff'ffff'ffffU;

  // Nobody: kind none, equal only to itself.
  Endpoint() = default;
  // UDP. An IPv4-mapped address becomes the IPv4 one.
  Endpoint(const boost::asio::ip::address& address, std::uint16_t port);
  // A Unix datagram socket. REQUIRES: may_be_path(path).
  [[nodiscard]] static Endpoint at_path(std::string_view path);
  // IPX (RFC 1234). REQUIRES: node is at most node_max.
  [[nodiscard]] static Endpoint at_ipx(std::uint32_t network, std::uint64_t node,
                                       std::uint16_t socket);
  // AppleTalk.
  [[nodiscard]] static Endpoint at_ddp(std::uint16_t network, std::uint8_t node,
                                       std::uint8_t socket);
  // Whether a text can be a path: absolute, at most 107 octets, without NUL.
  [[nodiscard]] static bool may_be_path(std::string_view path);

  [[nodiscard]] TransportKind kind() const { return kind_; }
  [[nodiscard]] bool is_ip() const {
    return kind_ == TransportKind::ipv4 || kind_ == TransportKind::ipv6;
  }
  // The port, or the socket of IPX and DDP; 0 of a path.
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Without the port. 0.0.0.0 when it is not one of IP.
  [[nodiscard]] boost::asio::ip::address address() const;
  // The octets of an IPv4 address (4), an IPv6 address (16), an IPX network and node (4 + 6), a DDP
  // network and node (2 + 1); the path of a Unix socket. Valid as long as this endpoint.
  [[nodiscard]] std::string_view host() const;
  // The zone of a link-local IPv6 address, which means something on this machine only; else 0.
  [[nodiscard]] std::uint32_t zone() const { return zone_; }
  [[nodiscard]] std::uint32_t network() const;  // of IPX and DDP
  [[nodiscard]] std::uint64_t node() const;     // of IPX and DDP
  [[nodiscard]] const std::string& path() const { return path_; }

  // The same host with another port or socket.
  [[nodiscard]] Endpoint with_port(std::uint16_t port) const;
  // Kind, host, zone and port as octets; no two endpoints have the same. For MACs and hashes.
  [[nodiscard]] std::string identity() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;

  // Differs from process to process, so that strangers cannot prepare addresses that collide.
  struct Hasher {
    [[nodiscard]] std::size_t operator()(const Endpoint& endpoint) const;
  };

 private:
  TransportKind kind_ = TransportKind::none;
  std::uint16_t port_ = 0;
  std::uint32_t zone_ = 0;
  std::array<unsigned char, 16> octets_{};
  std::string path_;
};

// Whether two endpoints are on the same host: all but the port is equal. Each Unix path is a host
// of its own.
[[nodiscard]] bool same_host(const Endpoint& left, const Endpoint& right);

// As in a callback, and read back by parse_endpoint:
//   sense://192.0.2.7:7367                       UDP over IPv4
//   sense://[2001:db8::1]:7367                   UDP over IPv6
//   sense:///run/sense/client.sock               Unix; what a URI has not is percent-encoded
//   sense://0000002a.0000c0000207.ipx:16385      IPX: network.node.ipx:socket, 8 and 12 hex digits
//   sense://12.34.ddp:129                        AppleTalk: network.node.ddp:socket, decimal
[[nodiscard]] std::string to_uri(const Endpoint& endpoint);

// Reads those forms, also without `sense://`. Numeric addresses only: nothing here waits for a name
// server. Without a port it is 7367; the sockets of IPX and DDP must be named. Whether such an
// address can be bound or sent to (port 0, broadcast nodes) is not asked.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace sense::datagram

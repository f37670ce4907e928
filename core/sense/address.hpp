// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

// Addresses of SENSE/1, for every kind of transport. Values and pure functions; any thread.
namespace sense::datagram {

// Kinds of transport; each has its own form of address (docs/transports.md).
enum class TransportKind : std::uint8_t { none, ipv4, ipv6, unix_path, ipx, ddp };

// For messages to people: "IPv4", "Unix", "IPX".
[[nodiscard]] std::string_view to_text(TransportKind kind);

// An address with port or socket. Ordered and hashable; addresses of IP, IPX and DDP take no heap
// memory.
class Endpoint {
 public:
  static constexpr std::size_t path_length_max = 107;  // sockaddr_un, without its NUL
  static constexpr std::uint64_t node_max = 0xffff'ffff'ffffU;

  // No address: kind none, equal only to itself.
  Endpoint() = default;
  // UDP. An IPv4-mapped address is converted to IPv4.
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
  // Without the port; 0.0.0.0 when the kind is not IP.
  [[nodiscard]] boost::asio::ip::address address() const;
  // The octets of an IPv4 address (4), an IPv6 address (16), an IPX network and node (4 + 6), a DDP
  // network and node (2 + 1); the path of a Unix socket. Valid as long as this endpoint.
  [[nodiscard]] std::string_view host() const;
  // The zone of a link-local IPv6 address, which is local to this machine; else 0.
  [[nodiscard]] std::uint32_t zone() const { return zone_; }
  [[nodiscard]] std::uint32_t network() const;  // of IPX and DDP
  [[nodiscard]] std::uint64_t node() const;     // of IPX and DDP
  [[nodiscard]] const std::string& path() const { return path_; }
  // Whether the datagrams travel in records of DTLS. Such an endpoint is another one than that of
  // the same address and port without.
  [[nodiscard]] bool dtls() const { return dtls_; }
  // The same address and port with or without DTLS. REQUIRES: is_ip(), or `dtls` is false.
  [[nodiscard]] Endpoint with_dtls(bool dtls) const;

  // The same host with another port or socket.
  [[nodiscard]] Endpoint with_port(std::uint16_t port) const;
  // Kind, DTLS, host, zone and port as octets, unique for each endpoint. For MACs and hashes.
  [[nodiscard]] std::string identity() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;

  // Keyed with a random secret per process, so that a remote sender cannot choose addresses that
  // collide.
  struct Hasher {
    [[nodiscard]] std::size_t operator()(const Endpoint& endpoint) const;
  };

 private:
  TransportKind kind_ = TransportKind::none;
  std::uint16_t port_ = 0;
  std::uint32_t zone_ = 0;
  bool dtls_ = false;
  std::array<unsigned char, 16> octets_{};
  std::string path_;
};

// Whether two endpoints are on the same host, both with DTLS or both without: equal except for the
// port. Each Unix path is a host of its own.
[[nodiscard]] bool same_host(const Endpoint& left, const Endpoint& right);

// As in a callback, and read back by parse_endpoint:
//   sense://192.0.2.7:7367                       UDP over IPv4
//   sense://[2001:db8::1]:7367                   UDP over IPv6
//   sense+dtls://192.0.2.7:7368                  DTLS over UDP, IPv4 or IPv6
//   sense:///run/sense/client.sock               Unix; other characters are percent-encoded
//   sense://0000002a.0000c0000207.ipx:16385      IPX: network.node.ipx:socket, 8 and 12 hex digits
//   sense://12.34.ddp:129                        AppleTalk: network.node.ddp:socket, decimal
[[nodiscard]] std::string to_uri(const Endpoint& endpoint);

// Reads those forms, also without `sense://`. Numeric addresses only: names are not resolved. The
// default port is 7367, with DTLS 7368; sockets of IPX and DDP must be given. Addresses that cannot
// be bound or sent to (port 0, broadcast nodes) are accepted.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace sense::datagram

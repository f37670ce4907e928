// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>

#include "gateways/sense/model/address.hpp"

// Whom an address belongs to, for policies, shares and rates: one host may have many ports, and an
// IPv6 host a whole /64. Pure functions.
namespace sense::datagram {

// The IP address that a datagram from there comes from: of IPX (RFC 1234) the node is one. Nothing
// when it comes by another way.
[[nodiscard]] std::optional<boost::asio::ip::address> ip_address_of(const Endpoint& endpoint);

// Whether it can only be on this machine: an address of the loopback interface, or a path. Nobody
// elsewhere can pretend to have one.
[[nodiscard]] bool is_local_machine(const Endpoint& endpoint);

// A few octets that are the same for all addresses of one host: the kind and the IPv4 address, the
// first 64 bits of the IPv6 one, the network and node of IPX and AppleTalk. On this machine each
// port and each path counts for itself: there are many programs.
[[nodiscard]] std::string host_identity(const Endpoint& endpoint);

}  // namespace sense::datagram

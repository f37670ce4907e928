// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>

#include "gateways/api/gateway.hpp"
#include "gateways/sense/model/address.hpp"

// Identity of the host behind an address, for policies, counts and rates: one host may have many
// ports, and an IPv6 host a whole /64. Pure functions.
namespace sense::datagram {

// The IP address of the sender; for IPX (RFC 1234) the one in the node. Nothing: neither IP nor
// IPX.
[[nodiscard]] std::optional<boost::asio::ip::address> ip_address_of(const Endpoint& endpoint);

// Whether the address can only belong to this machine: of the loopback interface, or a path. Other
// machines cannot forge it.
[[nodiscard]] bool is_local_machine(const Endpoint& endpoint);

// Whose requests an address sends, for the bus: the principal of that name, which a shared key has
// proved, or `anonymous`. An address of this machine is noted as such.
[[nodiscard]] ServedClient served_client(const Endpoint& endpoint, const std::string& key);

// Octets that are equal for all addresses of one host: the kind and the IPv4 address, the first 64
// bits of the IPv6 address, or network and node of IPX and AppleTalk. On this machine each port and
// path is a host of its own, because each may be another program.
[[nodiscard]] std::string host_identity(const Endpoint& endpoint);

}  // namespace sense::datagram

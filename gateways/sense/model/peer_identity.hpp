// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>

#include "core/sense/transport/transport.hpp"
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

// Who sends a request, as far as it has proved that (ClientServices::identify).
struct ProvedClient {
  std::optional<Proof> proof;  // nothing: it has proved nothing but its address
  std::string peer;            // the address, for the records

  friend bool operator==(const ProvedClient&, const ProvedClient&) = default;
};
// By the name of its shared key, "": none; or else by the certificate of its DTLS session, null:
// none. The address is as the bus notes it, at most 256 octets; one of this machine is noted as
// such.
[[nodiscard]] ProvedClient proved_client(const Endpoint& endpoint, const std::string& key,
                                         const SessionIdentity* session);

// Octets that are equal for all addresses of one host: the kind and the IPv4 address, the first 64
// bits of the IPv6 address, or network and node of IPX and AppleTalk. On this machine each port and
// path is a host of its own, because each may be another program.
[[nodiscard]] std::string host_identity(const Endpoint& endpoint);

}  // namespace sense::datagram

#pragma once

#include <string>

#include "gateways/sense/address.hpp"

// Whom an address belongs to, for shares and rates: one host may have many ports, and an IPv6 host
// a whole /64. Pure functions.
namespace sense::datagram {

// Whether it is an address of the loopback interface. Nobody elsewhere can pretend to have one.
[[nodiscard]] bool is_this_machine(const Endpoint& endpoint);

// A few octets that are the same for all addresses of one host: the IPv4 address, or the first 64
// bits of the IPv6 one. On this machine each port counts for itself: there are many programs.
[[nodiscard]] std::string host_of(const Endpoint& endpoint);

}  // namespace sense::datagram

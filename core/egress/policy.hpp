// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace boost::asio::ip {
class address;
}

namespace sense {

// The addresses and ports that deliveries may go to: one policy for every gateway. Deny by default:
// this host, link-local, multicast, broadcast, unique-local and private ranges, carrier-grade NAT,
// metadata addresses, and IPv4-mapped, IPv4-compatible, 6to4 and NAT64 forms of them. Public
// addresses are allowed. HTTP goes to the ports 80, 443 and those from 1024, except well-known ones
// of other services. A value; const functions may be called from any thread.
class EgressPolicy {
 public:
  // `entries`: CIDR networks or single addresses that are allowed although they are in a denied
  // range, e.g. 10.0.0.0/8; with ports (10.0.0.0/8:443, [fd00::/8]:8080-8090) exactly these, of
  // which each is then allowed for HTTP, too. An error names the invalid entry.
  [[nodiscard]] static Result<EgressPolicy> make(const std::vector<std::string>& entries);

  // Whether a connection or datagram to exactly this address and port is allowed. The error
  // (noaccess) names the configuration key that would allow it.
  [[nodiscard]] Status check(const boost::asio::ip::address& address, std::uint16_t port) const;
  // As check(), for HTTP: also by the port.
  [[nodiscard]] Status check_http(const boost::asio::ip::address& address,
                                  std::uint16_t port) const;
  // Before the address is known: fails when check_http() would refuse this port of every address.
  [[nodiscard]] Status check_http_port(std::uint16_t port) const;
  // For a URL whose name another program resolves: an address, and localhost, is judged as
  // check_http() does, any other name by its port alone. `host`: in lower case.
  [[nodiscard]] Status check_http_host(const std::string& host, std::uint16_t port) const;

 private:
  struct Entry;
  template <class Match>
  [[nodiscard]] bool any_entry(Match match) const;

  std::shared_ptr<const std::vector<Entry>> allowed_;  // null: none
};

}  // namespace sense

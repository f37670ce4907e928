// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace boost::asio::ip {
class address;
}

namespace sense {

class Network;

// The addresses that deliveries may go to: one policy for every gateway. Deny by default: this
// host, link-local, multicast, broadcast, unique-local and private ranges, carrier-grade NAT,
// metadata addresses, and IPv4-mapped, IPv4-compatible, 6to4 and NAT64 forms of them. Public
// addresses are allowed. A value; const functions may be called from any thread.
class EgressPolicy {
 public:
  // `networks`: CIDR networks or single addresses that are allowed although they are in a denied
  // range, e.g. 10.0.0.0/8. An error names the invalid entry.
  [[nodiscard]] static Result<EgressPolicy> make(const std::vector<std::string>& networks);

  // Whether a connection or datagram to exactly this address is allowed. The error (noaccess) names
  // the configuration key that would allow it.
  [[nodiscard]] Status check(const boost::asio::ip::address& address) const;

 private:
  std::shared_ptr<const std::vector<Network>> allowed_;  // null: none
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/egress/network.hpp"

namespace sense {

// Where deliveries may go: one policy for every gateway. Deny by default: this host, link-local,
// multicast, broadcast, unique-local and private ranges, carrier-grade NAT, metadata addresses, and
// IPv4-mapped, IPv4-compatible, 6to4 and NAT64 forms of them. Public addresses are allowed. A
// value; const functions may be called from any thread.
class EgressPolicy {
 public:
  // `networks`: CIDR networks or single addresses that are allowed although they are in a denied
  // range, e.g. 10.0.0.0/8. Fails with the entry that is neither.
  [[nodiscard]] static Result<EgressPolicy> make(const std::vector<std::string>& networks);

  // Whether a connection or datagram to exactly this address may be made. The error (noaccess) says
  // which key of the configuration would allow it.
  [[nodiscard]] Status check(const boost::asio::ip::address& address) const;

 private:
  std::vector<Network> allowed_;
};

}  // namespace sense

#pragma once

#include <boost/asio/ip/udp.hpp>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/egress/policy.hpp"
#include "core/subscription/subscription.hpp"

// Transport addresses of SENSE clients and the callbacks that name them. Pure functions.
namespace sense::datagram {

using Endpoint = boost::asio::ip::udp::endpoint;

// A datagram's other end, and which of our listeners it came to (or is to leave by).
struct Peer {
  Endpoint address;
  std::size_t listener = 0;
};

// The name of this front door, in Subscription::via.
inline constexpr std::string_view front_door = "sense";

// "sense://192.0.2.7:9000", or "192.0.2.7:9000"; without a port the default one. Numeric addresses
// only: nothing here may wait for a name server. An IPv4-mapped address becomes the IPv4 one.
[[nodiscard]] Result<Endpoint> endpoint_of(std::string_view callback);
[[nodiscard]] std::string callback_of(const Endpoint& endpoint);

// Whether datagrams may be sent to an address that has not asked for them itself: no broadcast, no
// multicast, no port below 1024, and what the egress policy says.
[[nodiscard]] Status may_be_target(const Endpoint& endpoint, const EgressPolicy& policy);

// The label of a keyed subscription that says which address the REGISTER came from.
inline constexpr std::string_view asked_from_label = "sense-asked-from";

// Whether the callback asked for itself: it is the address that the REGISTER came from, with a
// cookie that had been sent to it. Known from the subscription alone, so that it survives restarts:
// its owner is the callback, or is a key and the label names the callback; and nobody but this
// front door makes owners of these forms.
[[nodiscard]] bool asked_for_itself(const Subscription& subscription);

}  // namespace sense::datagram

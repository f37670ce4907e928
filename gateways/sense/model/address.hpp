// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/egress/policy.hpp"
#include "core/sense/address.hpp"
#include "core/subscription/subscription.hpp"

// Transport addresses of SENSE clients and the callbacks that name them. Pure functions.
namespace sense::datagram {

// A datagram's other end, and which of our listeners it came to (or is to leave by).
struct Peer {
  Endpoint address;
  std::size_t listener = 0;
};

// The name of this front door, in Subscription::via.
inline constexpr std::string_view gateway_name = "sense";

// The address that a callback names, and the callback that names an address: parse_endpoint and
// to_uri.
[[nodiscard]] Result<Endpoint> endpoint_of(std::string_view callback);
[[nodiscard]] std::string callback_of(const Endpoint& endpoint);

// An entry of `listen`: its first word is the address, with its port or socket, 0 for any, and the
// listener's name.
[[nodiscard]] std::string_view listen_name(std::string_view entry);
[[nodiscard]] Result<Endpoint> parse_listen(std::string_view entry);

// Whether datagrams may be sent to an address that has not asked for them itself: a single host, no
// port or socket that is for well-known services, and what the egress policy says of the IP address
// that it has or (IPX) is made of. Never a Unix path.
[[nodiscard]] Status may_be_target(const Endpoint& endpoint, const EgressPolicy& policy);

// The principal of a keyed client, as the owner of its subscriptions: "key:hp4". No other front
// door makes owners of that form, and the names of the bus's principals have no colon.
[[nodiscard]] std::string owner_of_key(std::string_view name);
// The key's name, or "" when the owner is no key. A view into `owner`.
[[nodiscard]] std::string_view key_of_owner(std::string_view owner);
// The label of a keyed subscription that says which address the REGISTER came from.
inline constexpr std::string_view registered_from_label = "sense-asked-from";

// Whether the callback asked for itself: it is the address that the REGISTER came from, with a
// cookie that had been sent to it. Known from the subscription alone, so that it survives restarts:
// its owner is the callback, or is a key and the label names the callback; and nobody but this
// front door makes owners of these forms.
[[nodiscard]] bool registered_itself(const Subscription& subscription);

}  // namespace sense::datagram

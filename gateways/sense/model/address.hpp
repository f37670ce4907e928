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

// The remote address of a datagram, and the index of the listener that received or sends it.
struct Peer {
  Endpoint address;
  std::size_t listener = 0;
};

// The name of this gateway, in Subscription::via.
inline constexpr std::string_view gateway_name = "sense";

// The address that a callback names, and the callback that names an address: parse_endpoint and
// to_uri.
[[nodiscard]] Result<Endpoint> endpoint_of(std::string_view callback);
[[nodiscard]] std::string callback_of(const Endpoint& endpoint);

// An entry of `listen`: its first word is the address with port or socket (0: any), which is also
// the name of the listener.
[[nodiscard]] std::string_view listen_name(std::string_view entry);
[[nodiscard]] Result<Endpoint> parse_listen(std::string_view entry);

// Whether datagrams may be sent to an address that did not register itself: a single host, no port
// or socket of well-known services, and allowed by the egress policy, which is asked about the IP
// address or, for IPX, the one in the node. Never a Unix path, never with DTLS.
[[nodiscard]] Status may_be_target(const Endpoint& endpoint, const EgressPolicy& policy);

// The principal of a keyed client, as the owner of its subscriptions: "key:hp4". No other gateway
// creates owners of that form, and names of principals of the bus have no colon.
[[nodiscard]] std::string owner_of_key(std::string_view name);
// The name of the key; "": the owner is not a key. A view into `owner`.
[[nodiscard]] std::string_view key_of_owner(std::string_view owner);
// The label of a keyed subscription that holds the address its REGISTER came from.
inline constexpr std::string_view registered_from_label = "sense-asked-from";

// Whether the callback registered itself: the REGISTER came from that address, with a cookie sent
// to it. Derived from the subscription alone, so that it is known after restarts: the owner is the
// callback, or it is a key and the label names the callback. Only this gateway creates owners of
// these forms.
[[nodiscard]] bool registered_itself(const Subscription& subscription);

}  // namespace sense::datagram

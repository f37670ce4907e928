// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/registry/subscriptions.hpp"
#include "gateways/sense/model/address.hpp"

// Who may renew or cancel a subscription, and where its events go after a renewal. Pure functions.
namespace sense::datagram {

// The sender of a request. Views, valid during one call. REQUIRES: the address has returned its
// cookie.
struct ProvedSender {
  const Endpoint& address;
  std::string_view key;       // name of the key that its Mac authenticates; "": no Mac
  std::string_view listener;  // name of the listener that received the request
};

// Whether the sender may renew and cancel. A subscription that was made with a key: possession of
// that key authorises, from any address. Any other: requests from the host of its owner or of its
// callback, since a restarted client may have another port.
[[nodiscard]] bool may_change(const Subscription& subscription, const ProvedSender& sender);

// How a renewal changes where events go; nothing: not at all. A subscription that registered itself
// follows its client to the address and listener of the renewal; one with a Deliver-To elsewhere
// stays there when its owner renews. notfound: this is not the sender's subscription, or it cannot
// go where the sender expects it (the client registers anew, and is verified there); addrnotavail:
// the sender's address cannot be served. `deliver_to`: of the request.
[[nodiscard]] Result<std::optional<Subscriptions::Move>> move_of_renewal(
    const Subscription& subscription, const ProvedSender& sender,
    std::optional<std::string_view> deliver_to);

// The zone of a link-local address is local to this machine and no part of a callback.
[[nodiscard]] Status check_zone(const Endpoint& endpoint);

}  // namespace sense::datagram

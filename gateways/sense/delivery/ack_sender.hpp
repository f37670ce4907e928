// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/subscription/subscription.hpp"
#include "gateways/sense/model/address.hpp"

namespace sense::datagram {

// Who sent an ACK. Views, for the length of a call: there is one for every datagram.
struct AckSender {
  const Endpoint& address;
  std::string_view key;     // the name of the one that its Mac proves; "": it had none
  bool mac_needed = false;  // its listener takes nothing else for keyed subscriptions

  // It counts from the address that is served, or with the Mac of the subscription's key from
  // anywhere: a client's address may have changed since.
  [[nodiscard]] bool may_acknowledge(const Endpoint& served,
                                     const Subscription& subscription) const;
};

}  // namespace sense::datagram

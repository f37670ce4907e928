// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/subscription/subscription.hpp"
#include "gateways/sense/model/address.hpp"

namespace sense::datagram {

// The sender of an ACK. A value of views, valid during one call: one is made for every datagram.
struct AckSender {
  const Endpoint& address;
  std::string_view key;     // name of the key that its Mac authenticates; "": no Mac
  bool mac_needed = false;  // of the listener, for keyed subscriptions

  // An ACK counts when it comes from the served address, or from any address with the Mac of the
  // subscription's key: the address of a client may have changed.
  [[nodiscard]] bool may_acknowledge(const Endpoint& served,
                                     const Subscription& subscription) const;
};

}  // namespace sense::datagram

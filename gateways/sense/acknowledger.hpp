#pragma once

#include <string>

#include "core/subscription/subscription.hpp"
#include "gateways/sense/address.hpp"

namespace sense::datagram {

// Who sent an ACK. A value.
struct Acknowledger {
  Endpoint address;
  std::string owner;        // that its Mac proves, "key:hp4"; "": it had none
  bool mac_needed = false;  // its listener takes nothing else for keyed subscriptions

  // It counts from the address that is served, or with the Mac of the subscription's key from
  // anywhere: a client's address may have changed since.
  [[nodiscard]] bool may_acknowledge(const Endpoint& served,
                                     const Subscription& subscription) const;
};

}  // namespace sense::datagram

// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/delivery/ack_sender.hpp"

#include "gateways/sense/admission/keys.hpp"

namespace sense::datagram {

bool AckSender::may_acknowledge(const Endpoint& served, const Subscription& subscription) const {
  const auto wanted = key_of_owner(subscription.owner);
  if (!wanted.empty() && key == wanted) return true;
  return address == served && (wanted.empty() || !mac_needed);
}

}  // namespace sense::datagram

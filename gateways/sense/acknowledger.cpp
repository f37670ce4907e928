#include "gateways/sense/acknowledger.hpp"

#include "gateways/sense/keys.hpp"

namespace sense::datagram {

bool Acknowledger::may_acknowledge(const Endpoint& served, const Subscription& subscription) const {
  const bool keyed = !key_of_owner(subscription.owner).empty();
  if (keyed && owner == subscription.owner) return true;
  return address == served && !(keyed && mac_needed);
}

}  // namespace sense::datagram

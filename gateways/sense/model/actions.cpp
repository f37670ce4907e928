// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/model/actions.hpp"

#include <algorithm>

namespace sense::datagram {

std::size_t listener_for(const std::vector<Listener>& listeners, const Endpoint& endpoint,
                         const Subscription& subscription) {
  const auto label = subscription.labels.find(listener_label);
  std::size_t first = listeners.size();
  for (std::size_t i = listeners.size(); i-- > 0;) {
    if (listeners[i].kind != endpoint.kind() || listeners[i].dtls != endpoint.dtls()) continue;
    if (label != subscription.labels.end() && listeners[i].name == label->second) return i;
    first = i;
  }
  return first;
}

std::size_t octets_max_of(const Limits& limits, const std::vector<Listener>& listeners,
                          const Peer& peer) {
  if (peer.listener >= listeners.size()) return limits.max_message;
  return std::min(limits.max_message, listeners[peer.listener].octets_max);
}

}  // namespace sense::datagram

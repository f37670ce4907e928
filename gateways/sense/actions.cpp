#include "gateways/sense/actions.hpp"

namespace sense::datagram {

std::size_t listener_for(const std::vector<Listener>& listeners, const Endpoint& endpoint,
                         const Subscription& subscription) {
  const bool is_v6 = endpoint.address().is_v6();
  const auto label = subscription.labels.find(listener_label);
  std::size_t first = listeners.size();
  for (std::size_t i = listeners.size(); i-- > 0;) {
    if (listeners[i].is_v6 != is_v6) continue;
    if (label != subscription.labels.end() && listeners[i].name == label->second) return i;
    first = i;
  }
  return first;
}

}  // namespace sense::datagram

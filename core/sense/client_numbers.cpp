// SPDX-License-Identifier: Apache-2.0
#include "core/sense/client_numbers.hpp"

#include <algorithm>

namespace sense::datagram {

namespace {
constexpr std::size_t holes_max = 1024;
// Deliveries whose acknowledgements may be delayed: half of the default window of a server, so that
// it never has to stop for them.
constexpr std::size_t delayed_max = 16;
}  // namespace

void ClientNumbers::close(std::string_view subscription) {
  if (const auto found = by_subscription_.find(subscription); found != by_subscription_.end())
    by_subscription_.erase(found);
}

bool ClientNumbers::knows(std::string_view subscription) const {
  return by_subscription_.find(subscription) != by_subscription_.end();
}

ClientNumbers::Received ClientNumbers::add(std::string_view subscription, std::uint64_t first,
                                           std::uint64_t last, MonoTime now) {
  const auto found = by_subscription_.find(subscription);
  if (found == by_subscription_.end()) return Received::unknown;
  auto& one = found->second;
  one.to_acknowledge.add(first, last);
  if (++one.deliveries >= delayed_max || ack_delay_ <= Duration{0})
    one.due = now;
  else if (!one.due)
    one.due = now + ack_delay_;
  if (!one.received.add(first, last)) return Received::repeat;
  if (one.received.ranges().size() > holes_max) (void)one.received.close_lowest_hole();
  return Received::fresh;
}

ClientNumbers::Acks ClientNumbers::take_acks(MonoTime now, bool all) {
  Acks acks;
  for (auto& [subscription, one] : by_subscription_) {
    if (!one.due || (!all && *one.due > now)) continue;
    acks.emplace_back(subscription, std::exchange(one.to_acknowledge, {}));
    one.deliveries = 0;
    one.due.reset();
  }
  return acks;
}

std::optional<MonoTime> ClientNumbers::next_timer() const {
  std::optional<MonoTime> next;
  for (const auto& [subscription, one] : by_subscription_)
    if (one.due) next = next ? std::min(*next, *one.due) : *one.due;
  return next;
}

std::vector<NumberRange> ClientNumbers::missing(std::string_view subscription) const {
  const auto found = by_subscription_.find(subscription);
  return found == by_subscription_.end() ? std::vector<NumberRange>{}
                                         : found->second.received.holes();
}

}  // namespace sense::datagram

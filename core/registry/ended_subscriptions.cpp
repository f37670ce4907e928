// SPDX-License-Identifier: Apache-2.0
#include "core/registry/ended_subscriptions.hpp"

namespace sense {

void EndedSubscriptions::add(const std::string& id, std::string owner, std::string reason,
                             Timestamp now) {
  const auto too_old = [&] {
    return now.mono - entries_.find(order_.front())->second.since > kept;
  };
  while (!order_.empty() && (order_.size() >= count_max || too_old())) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
  if (reason.size() > reason_length_max) reason.resize(reason_length_max);
  const auto [entry, is_new] = entries_.try_emplace(id);
  if (is_new) order_.push_back(id);
  entry->second = {now.mono, {std::move(owner), std::move(reason), now.wall}};
}

std::optional<EndedSubscription> EndedSubscriptions::find(std::string_view id, MonoTime now) const {
  const auto entry = entries_.find(id);
  if (entry == entries_.end() || now - entry->second.since > kept) return std::nullopt;
  return entry->second.ended;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/waiting_budget.hpp"

namespace sense {

std::uint32_t WaitingBudget::enter(OwnerKey owner) {
  if (owner == 0) return 0;
  const auto [found, fresh] = places_.try_emplace(owner, 0);
  if (fresh && free_.empty()) {
    found->second = static_cast<std::uint32_t>(owners_.size());
    owners_.emplace_back();
  } else if (fresh) {
    found->second = free_.back();
    free_.pop_back();
  }
  auto& entered = owners_[found->second];
  entered.key = owner;
  ++entered.queues;
  return found->second;
}

void WaitingBudget::leave(std::uint32_t place) {
  if (place == 0 || --owners_[place].queues != 0) return;
  places_.erase(owners_[place].key);
  owners_[place] = {};
  free_.push_back(place);
}

void WaitingBudget::set_owner(Handle queue, OwnerKey owner, const Used& waiting) {
  if (queue >= queues_.size()) queues_.resize(queue + std::size_t{1});
  const auto before = queues_[queue];
  const auto after = queues_[queue] = enter(owner);
  for (auto [place, sign] : {std::pair(before, -1), std::pair(after, 1)}) {
    auto& used = owners_[place].used;
    used.deliveries += static_cast<std::size_t>(sign) * waiting.deliveries;
    used.octets += static_cast<std::uint64_t>(sign) * waiting.octets;
  }
  leave(before);
}

}  // namespace sense

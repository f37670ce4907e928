// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/waiting_budget.hpp"

namespace sense {

void WaitingBudget::set_owner(Handle queue, OwnerKey owner, const Used& waiting) {
  const auto before = owner_of(queue);
  if (queue >= owners_.size()) owners_.resize(queue + std::size_t{1});
  owners_[queue] = owner;
  if (before == owner) return;
  change(before, {}, waiting);
  change(owner, waiting, {});
}

void WaitingBudget::change(OwnerKey owner, const Used& more, const Used& less) {
  if (owner == 0) return;
  const auto place = used_.try_emplace(owner).first;
  auto& used = place->second;
  used.deliveries += more.deliveries - less.deliveries;
  used.octets += more.octets - less.octets;
  if (used.deliveries == 0) used_.erase(place);
}

void WaitingBudget::add(Handle queue, std::uint64_t octets) {
  change(owner_of(queue), {1, octets}, {});
}

void WaitingBudget::remove(Handle queue, std::uint64_t octets) {
  change(owner_of(queue), {}, {1, octets});
}

WaitingBudget::Used WaitingBudget::used(Handle queue) const {
  const auto found = used_.find(owner_of(queue));
  return found == used_.end() ? Used() : found->second;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/filter_budget.hpp"

#include <algorithm>

namespace sense {

std::uint64_t FilterBudget::grown(const Budget& budget) const {
  const auto passed = std::min(events_ - budget.event, burst_events);
  return std::min(whole_, budget.steps + passed * per_event_);
}

FilterBudget::Budget& FilterBudget::budget_of(OwnerKey owner) {
  if (budgets_.size() >= forget_at_) forget_whole_ones();
  auto& budget = budgets_.try_emplace(owner, Budget{whole_, events_}).first->second;
  budget = {grown(budget), events_};
  return budget;
}

void FilterBudget::forget_whole_ones() {
  std::erase_if(budgets_, [this](const auto& each) { return grown(each.second) == whole_; });
  forget_at_ = std::max<std::size_t>(1024, 2 * budgets_.size());
}

FilterSteps FilterBudget::lend(OwnerKey owner) {
  lent_ = FilterSteps::of_one_evaluation;
  if (owner != 0 && per_event_ != 0)
    lent_ = std::clamp(budget_of(owner).steps, steps_always, lent_);
  return {lent_};
}

bool FilterBudget::take_back(OwnerKey owner, const FilterSteps& left) {
  if (owner == 0 || per_event_ == 0) return true;
  auto& budget = budget_of(owner);
  budget.steps -= std::min(budget.steps, lent_ - left.left);
  return !left.used_up || lent_ == FilterSteps::of_one_evaluation;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>

#include "core/filter/filter.hpp"
#include "gateways/host/engine/owners/owner_key.hpp"

namespace sense {

// How many steps the filters of each owner may take, so that matching time is shared: for each
// event so many, saved up over burst_events. Beyond them each evaluation still has steps_always,
// so that cheap filters never suffer from dear ones. Pure, and counts events instead of time; one
// thread. Remembers owners whose budget is not whole.
class FilterBudget {
 public:
  static constexpr std::uint64_t burst_events = 16;
  static constexpr std::uint64_t steps_always = 256;

  // 0: no limit.
  explicit FilterBudget(std::uint64_t steps_per_event)
      : per_event_(steps_per_event), whole_(steps_per_event * burst_events) {}

  void on_event() { ++events_; }
  // What one evaluation may take; take_back() follows. An owner of 0 has no budget.
  [[nodiscard]] FilterSteps lend(OwnerKey owner);
  // What it has left. False when it was ended because the owner had no more.
  [[nodiscard]] bool take_back(OwnerKey owner, const FilterSteps& left);

  [[nodiscard]] std::size_t owners() const { return budgets_.size(); }

 private:
  struct Budget {
    std::uint64_t steps = 0;
    std::uint64_t event = 0;  // of which that is
  };
  [[nodiscard]] Budget& budget_of(OwnerKey owner);
  void forget_whole_ones();
  [[nodiscard]] std::uint64_t grown(const Budget& budget) const;

  std::uint64_t per_event_;
  std::uint64_t whole_;
  std::uint64_t events_ = 0;
  std::uint64_t lent_ = 0;
  std::unordered_map<OwnerKey, Budget> budgets_;
  std::size_t forget_at_ = 1024;  // budgets
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "gateways/host/engine/subscription_queue.hpp"

namespace sense {

// All lanes, by the id of their subscription and by a small number, the handle, which is given
// again once a lane is gone. A lane stays where it is as long as it lives. One thread.
class LaneTable {
 public:
  // Null when there is none.
  [[nodiscard]] Lane* find(std::string_view id);
  [[nodiscard]] const Lane* find(std::string_view id) const;
  [[nodiscard]] Lane& at(std::uint32_t handle) { return lanes_[handle]; }
  // Null when that handle is nobody's now.
  [[nodiscard]] Lane* find(std::uint32_t handle) {
    return handle < lanes_.size() && lanes_[handle].subscription ? &lanes_[handle] : nullptr;
  }
  // REQUIRES: there is none with its id.
  Lane& add(SubscriptionRef subscription);
  void remove(Lane& lane);
  [[nodiscard]] std::size_t size() const { return size_; }

  template <class Function>
  void for_each(Function function) {
    for (auto& lane : lanes_)
      if (lane.subscription) function(lane);
  }
  template <class Function>
  void for_each(Function function) const {
    for (const auto& lane : lanes_)
      if (lane.subscription) function(lane);
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t handle = none;
  };
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::size_t slots_min = 16;
  [[nodiscard]] static std::uint32_t hash_of(std::string_view id);
  [[nodiscard]] std::size_t slot_of(std::string_view id) const;  // where it is, or would be
  void place(Slot slot);
  void grow();

  std::deque<Lane> lanes_;
  std::vector<std::uint32_t> free_;
  std::vector<Slot> slots_ = std::vector<Slot>(slots_min);  // open addressing, a power of two
  std::size_t size_ = 0;
};

}  // namespace sense

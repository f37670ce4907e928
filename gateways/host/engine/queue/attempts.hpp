// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace sense {

// The ids of attempts under way, and the delivery that each one belongs to. An id is valid until
// close(); afterwards it is unknown, also when its slot is used again. Pure; one thread.
class Attempts {
 public:
  struct Target {
    std::uint32_t queue = 0;
    std::uint64_t key = 0;
  };
  [[nodiscard]] std::uint64_t open(Target target) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const auto slot = free_.back();
    free_.pop_back();
    slots_[slot].target = target;
    return std::uint64_t{++slots_[slot].generation} << 32U |
           slot;  // an odd generation is an open attempt
  }
  // Null when the attempt was closed or the id was never given.
  [[nodiscard]] const Target* find(std::uint64_t attempt_id) const {
    const auto slot = static_cast<std::uint32_t>(attempt_id);
    const auto generation = static_cast<std::uint32_t>(attempt_id >> 32U);
    const bool open =
        generation % 2 == 1 && slot < slots_.size() && slots_[slot].generation == generation;
    return open ? &slots_[slot].target : nullptr;
  }
  // False when the attempt was not open.
  bool close(std::uint64_t attempt_id) {
    if (find(attempt_id) == nullptr) return false;
    const auto slot = static_cast<std::uint32_t>(attempt_id);
    ++slots_[slot].generation;
    free_.push_back(slot);
    return true;
  }

 private:
  struct Slot {
    Target target;
    std::uint32_t generation = 0;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace sense

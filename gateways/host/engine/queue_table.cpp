// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue_table.hpp"

#include <functional>
#include <utility>

namespace sense {

std::uint32_t LaneTable::hash_of(std::string_view id) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(id));
}

std::size_t LaneTable::slot_of(std::string_view id) const {
  const auto mask = slots_.size() - 1;
  const auto hash = hash_of(id);
  for (auto at = hash & mask;; at = (at + 1) & mask) {
    const auto& slot = slots_[at];
    if (slot.handle == none) return at;
    if (slot.hash == hash && lanes_[slot.handle].subscription->id == id) return at;
  }
}

Lane* LaneTable::find(std::string_view id) {
  const auto handle = slots_[slot_of(id)].handle;
  return handle == none ? nullptr : &lanes_[handle];
}

const Lane* LaneTable::find(std::string_view id) const {
  const auto handle = slots_[slot_of(id)].handle;
  return handle == none ? nullptr : &lanes_[handle];
}

void LaneTable::place(Slot slot) {
  const auto mask = slots_.size() - 1;
  auto at = slot.hash & mask;
  while (slots_[at].handle != none) at = (at + 1) & mask;
  slots_[at] = slot;
}

void LaneTable::grow() {
  const auto before = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  for (const auto& slot : before)
    if (slot.handle != none) place(slot);
}

Lane& LaneTable::add(SubscriptionRef subscription) {
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  std::uint32_t handle = 0;
  if (free_.empty()) {
    handle = static_cast<std::uint32_t>(lanes_.size());
    lanes_.emplace_back();
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  place({hash_of(subscription->id), handle});
  ++size_;
  auto& lane = lanes_[handle];
  lane.handle = handle;
  lane.subscription = std::move(subscription);
  return lane;
}

void LaneTable::remove(Lane& lane) {
  const auto mask = slots_.size() - 1;
  auto hole = slot_of(lane.subscription->id);
  SENSE_CHECK(slots_[hole].handle == lane.handle);
  // What was pushed along by the slot that becomes free moves back, so that it is still found.
  for (auto at = (hole + 1) & mask; slots_[at].handle != none; at = (at + 1) & mask) {
    const auto home = slots_[at].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
  free_.push_back(lane.handle);
  --size_;
  lane = Lane{};
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue_table.hpp"

#include <functional>
#include <utility>

namespace sense {

std::uint32_t QueueTable::hash_of(std::string_view id) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(id));
}

std::size_t QueueTable::slot_of(std::string_view id) const {
  const auto mask = slots_.size() - 1;
  const auto hash = hash_of(id);
  for (auto at = hash & mask;; at = (at + 1) & mask) {
    const auto& slot = slots_[at];
    if (slot.handle == none) return at;
    if (slot.hash == hash && queues_[slot.handle].facts().subscription->id == id) return at;
  }
}

SubscriptionQueue* QueueTable::find(std::string_view id) {
  const auto handle = slots_[slot_of(id)].handle;
  return handle == none ? nullptr : &queues_[handle];
}

const SubscriptionQueue* QueueTable::find(std::string_view id) const {
  const auto handle = slots_[slot_of(id)].handle;
  return handle == none ? nullptr : &queues_[handle];
}

void QueueTable::place(Slot slot) {
  const auto mask = slots_.size() - 1;
  auto at = slot.hash & mask;
  while (slots_[at].handle != none) at = (at + 1) & mask;
  slots_[at] = slot;
}

void QueueTable::grow() {
  const auto before = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  for (const auto& slot : before)
    if (slot.handle != none) place(slot);
}

SubscriptionQueue& QueueTable::add(SubscriptionRef subscription) {
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  std::uint32_t handle = 0;
  if (free_.empty()) {
    handle = static_cast<std::uint32_t>(queues_.size());
    queues_.emplace_back();
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  place({hash_of(subscription->id), handle});
  ++size_;
  auto& queue = queues_[handle];
  queue = SubscriptionQueue(std::move(subscription), handle);
  return queue;
}

void QueueTable::remove(SubscriptionQueue& queue) {
  const auto mask = slots_.size() - 1;
  auto hole = slot_of(queue.facts().subscription->id);
  SENSE_CHECK(slots_[hole].handle == queue.facts().handle);
  // Entries that were displaced by the removed slot are moved back, so that probing still finds
  // them.
  for (auto at = (hole + 1) & mask; slots_[at].handle != none; at = (at + 1) & mask) {
    const auto home = slots_[at].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = {};
  free_.push_back(queue.facts().handle);
  --size_;
  queue = SubscriptionQueue{};
}

}  // namespace sense

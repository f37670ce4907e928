// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue_table.hpp"

#include <functional>

#include "core/base/check.hpp"

namespace sense {

std::uint32_t QueueTable::hash_of(std::string_view id) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(id));
}

std::size_t QueueTable::slot_of(std::string_view id) const {
  return slots_.find(hash_of(id), [&](std::uint32_t handle) {
    return queues_[handle].facts().subscription->id == id;
  });
}

SubscriptionQueue* QueueTable::find(std::string_view id) {
  const auto handle = slots_.number(slot_of(id));
  return handle == SlotTable::none ? nullptr : &queues_[handle];
}

const SubscriptionQueue* QueueTable::find(std::string_view id) const {
  const auto handle = slots_.number(slot_of(id));
  return handle == SlotTable::none ? nullptr : &queues_[handle];
}

SubscriptionQueue& QueueTable::add(SubscriptionRef subscription) {
  slots_.reserve(size_ + 1);
  std::uint32_t handle = 0;
  if (free_.empty()) {
    handle = static_cast<std::uint32_t>(queues_.size());
    queues_.emplace_back();
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  slots_.insert(slot_of(subscription->id), hash_of(subscription->id), handle);
  ++size_;
  auto& queue = queues_[handle];
  queue = SubscriptionQueue(std::move(subscription), handle);
  return queue;
}

void QueueTable::remove(SubscriptionQueue& queue) {
  const auto slot = slot_of(queue.facts().subscription->id);
  SENSE_CHECK(slots_.number(slot) == queue.facts().handle);
  slots_.erase(slot);
  free_.push_back(queue.facts().handle);
  --size_;
  queue = SubscriptionQueue{};
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "core/base/hash.hpp"
#include "gateways/host/engine/subscription_queue.hpp"

namespace sense {

// All subscription queues, by the id of their subscription and by a small number, the handle, which
// is reused after a queue was removed. Owns the queues; each has a stable address until then. At
// most 2^32 - 1. Pure; one thread.
class QueueTable {
 public:
  // Null when there is no such queue.
  [[nodiscard]] SubscriptionQueue* find(std::string_view id);
  [[nodiscard]] const SubscriptionQueue* find(std::string_view id) const;
  [[nodiscard]] SubscriptionQueue& at(std::uint32_t handle) { return queues_[handle]; }
  // Null when the handle is not in use.
  [[nodiscard]] SubscriptionQueue* find(std::uint32_t handle) {
    return handle < queues_.size() && queues_[handle].facts().subscription ? &queues_[handle]
                                                                           : nullptr;
  }
  // REQUIRES: no queue has this id.
  SubscriptionQueue& add(SubscriptionRef subscription);
  // The queue is gone, its backlog dropped by the caller.
  void remove(SubscriptionQueue& queue);
  [[nodiscard]] std::size_t size() const { return size_; }

  template <class Function>
  void for_each(Function function) {
    for (auto& queue : queues_)
      if (queue.facts().subscription) function(queue);
  }
  template <class Function>
  void for_each(Function function) const {
    for (const auto& queue : queues_)
      if (queue.facts().subscription) function(queue);
  }

 private:
  [[nodiscard]] static std::uint32_t hash_of(std::string_view id);
  [[nodiscard]] std::size_t slot_of(std::string_view id) const;  // its slot, or the free one

  std::deque<SubscriptionQueue> queues_;
  std::vector<std::uint32_t> free_;
  SlotTable slots_;  // handles, by the hash of the id
  std::size_t size_ = 0;
};

}  // namespace sense

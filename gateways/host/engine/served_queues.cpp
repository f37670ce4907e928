// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/served_queues.hpp"

#include <algorithm>

#include "core/subscription/test_event.hpp"

namespace sense {

namespace {

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

}  // namespace

SubscriptionRef ServedQueues::find(std::string_view id) const {
  const auto* queue = queues_.find(id);
  return queue == nullptr || queue->facts().ending ? nullptr : queue->facts().subscription;
}

std::size_t ServedQueues::count_for(std::string_view callback) const {
  const auto found = callbacks_.find(hash_of(callback));
  return found == callbacks_.end() ? 0 : found->second;
}

std::vector<SubscriptionRef> ServedQueues::subscriptions() const {
  std::vector<SubscriptionRef> all;
  queues_.for_each([&](const SubscriptionQueue& queue) {
    if (!queue.facts().ending) all.push_back(queue.facts().subscription);
  });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  return all;
}

std::size_t ServedQueues::waiting_for(std::string_view id) const {
  const auto* queue = queues_.find(id);
  return queue == nullptr ? 0 : queue->waiting();
}

void ServedQueues::add_to_index(const SubscriptionQueue& queue) {
  index_.add(queue.facts().handle, *queue.facts().subscription);
  ++callbacks_[hash_of(queue.facts().subscription->callback)];
}

void ServedQueues::remove_from_index(const SubscriptionQueue& queue) {
  index_.remove(queue.facts().handle, *queue.facts().subscription);
  const auto callback = callbacks_.find(hash_of(queue.facts().subscription->callback));
  if (--callback->second == 0) callbacks_.erase(callback);
}

const std::vector<std::uint32_t>& ServedQueues::candidates(const Event& event) {
  if (!is_test(event.type)) {
    index_.candidates(event.type, event.source, candidates_);
    return candidates_;
  }
  // A test event is for one subscription, whatever its patterns.
  candidates_.clear();
  const auto* queue = queues_.find(event.subject);
  if (queue != nullptr && !queue->facts().ending) candidates_.push_back(queue->facts().handle);
  return candidates_;
}

}  // namespace sense

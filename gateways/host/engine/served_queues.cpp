// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/served_queues.hpp"

#include <algorithm>

#include "core/egress/callback_address.hpp"
#include "core/subscription/test_event.hpp"

namespace sense {

namespace {

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

template <class Counts>
std::size_t count_of(const Counts& counts, std::string_view text) {
  const auto found = counts.find(hash_of(text));
  return found == counts.end() ? 0 : found->second;
}

template <class Counts>
void remove_one(Counts& counts, std::string_view text) {
  const auto found = counts.find(hash_of(text));
  if (--found->second == 0) counts.erase(found);
}

// Calls with the address of the callback, and with that of the owner when it is another.
template <class Call>
void for_each_address(const Subscription& subscription, Call call) {
  const auto callback = callback_address(subscription.callback);
  const auto owner = callback_address(subscription.owner);
  call(callback);
  if (owner != callback) call(owner);
}

}  // namespace

SubscriptionRef ServedQueues::find(std::string_view id) const {
  const auto* queue = queues_.find(id);
  return queue == nullptr || queue->facts().ending ? nullptr : queue->facts().subscription;
}

std::size_t ServedQueues::count_for(std::string_view callback) const {
  return endpoints_.count_for(callback);
}

std::size_t ServedQueues::count_at(std::string_view address) const {
  return count_of(addresses_, address);
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
  return queue == nullptr ? 0 : queue->waiting().deliveries;
}

void ServedQueues::add_to_index(const SubscriptionQueue& queue) {
  index_.add(queue.facts().handle, *queue.facts().subscription);
  const auto& subscription = *queue.facts().subscription;
  endpoints_.add(subscription);
  for_each_address(subscription, [this](const auto& address) { ++addresses_[hash_of(address)]; });
}

void ServedQueues::remove_from_index(const SubscriptionQueue& queue) {
  index_.remove(queue.facts().handle, *queue.facts().subscription);
  const auto& subscription = *queue.facts().subscription;
  endpoints_.remove(subscription);
  for_each_address(subscription, [this](const auto& address) { remove_one(addresses_, address); });
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

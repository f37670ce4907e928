// SPDX-License-Identifier: Apache-2.0
// Subscriptions: new, changed, ended.
#include "gateways/host/engine/engine.hpp"

#include <algorithm>

namespace sense {

namespace {

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

}  // namespace

Engine::Engine(Defaults defaults, std::uint64_t seed)
    : defaults_(std::move(defaults)), random_(seed) {}

Engine::Actions Engine::take_actions() {
  // Attempts that an end has closed since they were scheduled are withdrawn.
  if (std::exchange(withdrawn_, false))
    std::erase_if(actions_.deliver, [this](const auto& deliver) {
      return attempts_.find(deliver.attempt_id) == nullptr;
    });
  return std::exchange(actions_, {});
}

SubscriptionRef Engine::find(std::string_view id) const {
  const auto* queue = queues_.find(id);
  return queue == nullptr || queue->ending ? nullptr : queue->subscription;
}

std::size_t Engine::count_for(std::string_view callback) const {
  const auto found = callbacks_.find(hash_of(callback));
  return found == callbacks_.end() ? 0 : found->second;
}

std::size_t Engine::waiting_for(std::string_view id) const {
  const auto* queue = queues_.find(id);
  return queue == nullptr || !queue->backlog ? 0 : queue->backlog->events;
}

std::vector<SubscriptionRef> Engine::subscriptions() const {
  std::vector<SubscriptionRef> all;
  queues_.for_each([&](const SubscriptionQueue& queue) {
    if (!queue.ending) all.push_back(queue.subscription);
  });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  return all;
}

void Engine::put(SubscriptionRef subscription, Timestamp now) {
  auto* queue = queues_.find(subscription->id);
  if (queue == nullptr) {
    queue = &queues_.add(std::move(subscription));
  } else if (queue->ending) {
    // Created again under its old id, as subscriptions of the configuration file are.
    drop_backlog(*queue, now);
    queue->subscription = std::move(subscription);
    queue->ending = queue->gone = false;
    queue->next_number = 1;
    queue->windows = 0;
  } else {
    unindex_subscription(*queue);
    const auto before = std::exchange(queue->subscription, std::move(subscription));
    apply_registry_state(*queue, before->state, now);
    // What was collected under the previous options is delivered as one window.
    if (queue->backlog && queue->backlog->open_window && !queue->subscription->delivery.collects())
      close_window(*queue, now);
  }
  index_subscription(*queue);
  mark_changed(*queue);
  dispatch(*queue, now);
}

// The registry has the owner's request and the engine's own suspensions, which the engine wrote
// there.
void Engine::apply_registry_state(SubscriptionQueue& queue, SubscriptionState before,
                                  Timestamp now) {
  const auto state = queue.subscription->state;
  if (state == before) return;
  if (state == SubscriptionState::active) {
    // Resumed by the engine or by the owner: the owner's decision overrides probing.
    queue.suspension = SubscriptionQueue::Suspension::none;
    if (queue.backlog) queue.backlog->failures = 0;
  } else if (state == SubscriptionState::suspended &&
             queue.suspension == SubscriptionQueue::Suspension::none) {
    suspend(queue, now);
  }
}

void Engine::end(const std::string& id, std::string reason, bool notify, Timestamp now) {
  auto* queue = queues_.find(id);
  if (queue == nullptr || queue->ending) return;
  unindex_subscription(*queue);
  drop_backlog(*queue, now);
  queue->ending = true;
  queue->suspension = SubscriptionQueue::Suspension::none;
  // An unverified callback gets no end notice, nor does one that is gone.
  if (!notify || queue->gone || queue->subscription->state == SubscriptionState::pending)
    return remove_queue(*queue);
  PendingDelivery pending;
  pending.kind = Delivery::Kind::ended;
  pending.details.edit().reason = std::move(reason);
  const auto key = add_pending(*queue, std::move(pending));
  mark_changed(*queue);
  queue->backlog->fresh.push(key);
  dispatch(*queue, now);
}

void Engine::index_subscription(const SubscriptionQueue& queue) {
  index_.add(queue.handle, *queue.subscription);
  ++callbacks_[hash_of(queue.subscription->callback)];
}

void Engine::unindex_subscription(const SubscriptionQueue& queue) {
  index_.remove(queue.handle, *queue.subscription);
  const auto callback = callbacks_.find(hash_of(queue.subscription->callback));
  if (--callback->second == 0) callbacks_.erase(callback);
}

void Engine::drop_backlog(SubscriptionQueue& queue, Timestamp now) {
  if (!queue.backlog) return;
  auto& backlog = *queue.backlog;
  backlog.order.clear();  // so that no blocked delivery is scheduled
  while (!backlog.deliveries.empty()) {
    const auto key = backlog.deliveries.begin()->first;
    auto& pending = backlog.deliveries.begin()->second;
    pending.ordered = false;
    if (pending.kind == Delivery::Kind::event) ++totals_.dropped;
    if (attempts_.close(pending.attempt_id)) withdrawn_ = true;
    remove_pending(queue, key, now);
  }
  if (backlog.timer != MonoTime{}) timers_.erase({backlog.timer, queue.handle});
  count_active(queue, 0);
  queue.backlog.reset();
}

void Engine::remove_queue(SubscriptionQueue& queue) {
  const auto id = queue.subscription->id;
  if (queue.backlog && queue.backlog->timer != MonoTime{})
    timers_.erase({queue.backlog->timer, queue.handle});
  if (queue.backlog) count_active(queue, 0);
  if (queue.saved) removed_queues_.insert(id);
  not_replayable_ = true;
  queues_.remove(queue);
  actions_.forget.push_back(id);
}

void Engine::mark_changed(SubscriptionQueue& queue) {
  queue.changed = not_replayable_ = true;
  mark_dirty(queue);
}

void Engine::mark_dirty(SubscriptionQueue& queue) {
  if (std::exchange(queue.dirty, true)) return;
  dirty_queues_.push_back(queue.handle);
}

std::uint64_t Engine::assign_number(SubscriptionQueue& queue) {
  if (std::exchange(queue.epoch, epoch_) != epoch_) {
    queue.number_at_epoch_start = queue.next_number;
    queue.clean_at_epoch_start = !queue.dirty;
  }
  mark_dirty(queue);
  return queue.next_number++;
}

Backlog& Engine::backlog_of(SubscriptionQueue& queue) const {
  if (queue.backlog) return *queue.backlog;
  queue.backlog = std::make_unique<Backlog>();
  // After a restart the time of the last attempt is unknown: assume that it was just before.
  const auto& sparse = *queue.subscription->delivery.sparse;
  if (restored_ && sparse.rate)
    queue.backlog->next_attempt = *restored_ + Duration{std::chrono::seconds{1}} / *sparse.rate;
  if (restored_ && sparse.min_interval && queue.windows > 0)
    queue.backlog->next_window = *restored_ + *sparse.min_interval;
  return *queue.backlog;
}

}  // namespace sense

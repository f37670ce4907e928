// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/engine.hpp"

#include <utility>

#include "core/base/check.hpp"
#include "core/event/recipients.hpp"
#include "core/subscription/test_event.hpp"

namespace sense {

void Engine::put(SubscriptionRef subscription, Timestamp now) {
  auto* queue = queues().find(subscription->id);
  if (queue == nullptr)
    queue = &queues().add(subscription);
  else if (!queue->facts().ending)
    remove_from_index(*queue);
  queue->put(std::move(subscription), state_, now);
  set_owner(*queue);
  add_to_index(*queue);
}

void Engine::set_owner(const SubscriptionQueue& queue) {
  const auto& facts = queue.facts();
  state_.owners.set_owner(facts.handle, owner_key(*facts.subscription), queue.waiting());
}

void Engine::end(const std::string& id, std::string reason, bool notify, Timestamp now) {
  auto* queue = queues().find(id);
  if (queue == nullptr || queue->facts().ending) return;
  remove_from_index(*queue);
  notify = notify && !is_pulled(*queue->facts().subscription);
  queue->end(std::move(reason), notify, state_, now);
  remove_finished(*queue, now);
}

void Engine::on_event(const EventRef& event, Timestamp now) {
  state_.tracker.on_event(event->sequence);
  state_.filters.on_event();
  if (event->type.ns() == gateway_namespace || event->type.ns() == audit_namespace) return;
  const bool for_some = has_recipients(*event) && state_.defaults.owner_names;
  for (const auto handle : candidates(*event)) {
    auto& queue = queues().at(handle);
    const auto& subscription = *queue.facts().subscription;
    // Deliveries of a paused or suspended subscription are kept; a pending one has none. What is
    // asked for stays in the journal.
    if (subscription.state == SubscriptionState::pending || is_pulled(subscription)) continue;
    const auto names =
        for_some ? state_.defaults.owner_names(subscription.owner) : std::vector<std::string>();
    if (!matches_in_budget(queue, *event, names)) continue;
    ++state_.totals.matched;
    queue.accept(event, state_, now);
  }
}

bool Engine::matches_in_budget(SubscriptionQueue& queue, const Event& event,
                               std::span<const std::string> owner_names) {
  const auto& facts = queue.facts();
  if (facts.subscription->filter.empty() || is_test(event.type))
    return matches(*facts.subscription, event, owner_names);
  if (facts.too_dear) return false;
  const auto owner = state_.owners.owner_of(facts.handle);
  auto steps = state_.filters.lend(owner);
  const bool matched = matches(*facts.subscription, event, steps, owner_names);
  if (!state_.filters.take_back(owner, steps)) queue.suspend_for_filter(state_);
  return matched;
}

void Engine::on_result(std::uint64_t attempt_id, const Attempt& attempt, Timestamp now) {
  const auto* target = state_.attempts.find(attempt_id);
  if (target == nullptr) return;
  const auto key = target->key;
  auto& queue = queues().at(target->queue);
  state_.attempts.close(attempt_id);
  queue.on_result(key, attempt, state_, now);
  remove_finished(queue, now);
}

void Engine::remove_finished(SubscriptionQueue& queue, Timestamp now) {
  if (!queue.finished()) return;
  queue.drop(state_, now);
  const auto& facts = queue.facts();
  state_.tracker.on_removed(facts.subscription->id, facts.marks);
  state_.actions.forget.push_back(facts.subscription->id);
  state_.owners.set_owner(facts.handle, 0, {});
  queues().remove(queue);
}

void Engine::on_timer(Timestamp now) {
  while (const auto handle = state_.timers.due(now.mono))
    queues().at(*handle).on_timer(state_, now);
}

Status Engine::redrive(const std::string& id, const EventRef& event, Timestamp now) {
  auto* queue = queues().find(id);
  if (queue == nullptr)
    return fail(Code::notfound, "subscription " + id + " is not served here any more");
  return queue->redrive(event, state_, now);
}

Engine::Actions Engine::take_actions() {
  // Attempts that an end has closed since they were scheduled are withdrawn.
  if (std::exchange(state_.withdrawn, false))
    std::erase_if(state_.actions.deliver, [this](const auto& deliver) {
      return state_.attempts.find(deliver.attempt_id) == nullptr;
    });
  return std::exchange(state_.actions, {});
}

// ---- checkpoints

Engine::Checkpoint Engine::take_checkpoint(Timestamp now, AsOf as_of) {
  auto& tracker = state_.tracker;
  SENSE_CHECK(as_of == AsOf::now || allow_lagged());
  Checkpoint checkpoint;
  checkpoint.queues_removed = tracker.take_removed_queues();
  checkpoint.deliveries_removed = tracker.take_removed_deliveries();
  for (const auto handle : tracker.take_queues())
    if (auto* queue = queues().find(handle))
      if (auto saved = queue->save(as_of, state_)) checkpoint.queues.push_back(std::move(*saved));
  for (const auto& [handle, key] : tracker.take_deliveries())
    if (auto* queue = queues().find(handle))
      if (auto saved = queue->save(key, as_of, state_, now))
        checkpoint.deliveries.emplace_back(key, std::move(*saved));
  tracker.end_epoch();
  return checkpoint;
}

void Engine::stored(Timestamp now) {
  const auto stored = state_.tracker.on_stored();
  // Stored events are released; a later attempt loads them again. With a subscriber that keeps up,
  // deliveries are settled before the checkpoint.
  for (const auto& [handle, key] : stored.releasable)
    if (auto* queue = queues().find(handle)) queue->release(key);
  for (const auto& [handle, key] : stored.deliveries)
    if (auto* queue = queues().find(handle)) queue->on_stored(key, state_, now);
  for (const auto handle : stored.queues)
    if (auto* queue = queues().find(handle)) queue->on_stored(state_, now);
}

void Engine::restore(SavedQueue saved) {
  auto& queue = queues().add(saved.subscription);
  queue.restore(saved);
  set_owner(queue);
  if (!saved.ending) add_to_index(queue);
}

void Engine::restore(std::uint64_t key, SavedDelivery saved, Timestamp now) {
  if (auto* queue = queues().find(saved.subscription))
    queue->restore(key, std::move(saved), state_, now);
}

void Engine::restored(Timestamp now) {
  state_.started = now.mono;
  queues().for_each([&](SubscriptionQueue& queue) { queue.restored(state_, now); });
}

}  // namespace sense

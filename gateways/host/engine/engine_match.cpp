// SPDX-License-Identifier: Apache-2.0
// Matching: events become pending deliveries.
#include <algorithm>

#include "core/base/hash.hpp"
#include "core/subscription/test_event.hpp"
#include "gateways/host/engine/engine.hpp"

namespace sense {

namespace {

std::uint64_t group_of(const Event& event) {
  return stable_hash(event.source) | 1U;  // 0 means no group
}

WallTime occurrence(const Event& event, Timestamp now) {
  return event.time.value_or(event.observedtime.value_or(now.wall));
}

}  // namespace

void Engine::find_candidates(const Event& event) {
  if (!is_test(event.type)) return index_.candidates(event.type, event.source, candidates_);
  // A test event is for one subscription, whatever its patterns.
  candidates_.clear();
  const auto* queue = queues_.find(event.subject);
  if (queue != nullptr && !queue->ending) candidates_.push_back(queue->handle);
}

void Engine::on_event(const EventRef& event, Timestamp now) {
  last_sequence_ = event->sequence;
  if (event->type.ns() == gateway_namespace) return;
  find_candidates(*event);
  for (const auto handle : candidates_) {
    auto& queue = queues_.at(handle);
    const auto& subscription = *queue.subscription;
    // Deliveries of a paused or suspended subscription are kept; a pending one has none.
    if (subscription.state == SubscriptionState::pending || !matches(subscription, *event))
      continue;
    ++totals_.matched;
    accept(queue, event, now);
    dispatch(queue, now);
  }
}

Status Engine::redrive(const std::string& id, const EventRef& event, Timestamp now) {
  auto* queue = queues_.find(id);
  if (queue == nullptr || queue->ending || queue->gone ||
      queue->subscription->state == SubscriptionState::pending)
    return fail(Code::notfound, "subscription " + id + " is not served here any more");
  const auto& expiry = queue->subscription->delivery.expiry;
  if ((event->expirytime && *event->expirytime <= now.wall) ||
      (expiry && occurrence(*event, now) + *expiry <= now.wall))
    return fail(Code::badparam, "the event has expired: it is never delivered");
  if (!owner_may_see(*queue->subscription, *event))
    return fail(Code::noaccess, "the event's audience leaves out the owner of the subscription");
  if (queue->backlog &&
      queue->backlog->events >= std::max<std::size_t>(1, defaults_.backlog_max / 2))
    return fail(Code::nomoreroom, "subscription " + id + " has too many deliveries that wait");
  accept(*queue, event, now);
  await_checkpoint(*queue);
  dispatch(*queue, now);
  return {};
}

void Engine::accept(SubscriptionQueue& queue, const EventRef& event, Timestamp now) {
  const auto& delivery = queue.subscription->delivery;
  if (queue.backlog && queue.backlog->events >= defaults_.backlog_max)
    return overflow(queue, event, now);
  PendingDelivery pending;
  pending.sequence = event->sequence;
  pending.event = event;
  pending.octets = static_cast<std::uint32_t>(event->data.size());
  // A collected event is numbered when it joins its window, where it may supersede another.
  if (!delivery.collects()) pending.number = assign_number(queue);
  if (event->expirytime) pending.expires = *event->expirytime;
  if (delivery.expiry)
    pending.expires = std::min(pending.expires, occurrence(*event, now) + *delivery.expiry);
  if (event->notbefore) pending.not_before = *event->notbefore;
  if (delivery.sparse->hold)
    pending.not_before =
        std::max(pending.not_before, occurrence(*event, now) + *delivery.sparse->hold);
  if (delivery.ordered() || delivery.only_latest()) pending.group = group_of(*event);
  const auto key = add_pending(queue, std::move(pending));
  auto& added = queue.backlog->at(key);
  if (delivery.ordered()) {
    added.ordered = true;
    const auto place = queue.backlog->order.emplace(added.group, key).first;
    if (place != queue.backlog->order.begin() && std::prev(place)->first == added.group) {
      added.stage = Stage::blocked;
      return;
    }
  }
  schedule(queue, key, added, now);
}

// The backlog is full: the event is a dead letter, and its number a gap.
void Engine::overflow(SubscriptionQueue& queue, const EventRef& event, Timestamp now) {
  ++totals_.overflowed;
  PendingDelivery pending;
  pending.number = assign_number(queue);
  pending.sequence = event->sequence;
  pending.event = event;
  dead_letter(queue, pending, 0, "overflow", {});
  add_gap(queue, pending.number, "overflow", now);
}

Engine::Key Engine::add_pending(SubscriptionQueue& queue, PendingDelivery pending) {
  auto& backlog = backlog_of(queue);
  const auto key = backlog.next_key++;
  if (pending.event) ++unsaved_;
  ++waiting_;
  if (pending.kind == Delivery::Kind::event)
    ++backlog.events;
  else
    not_replayable_ = true;
  auto& added = backlog.deliveries.emplace(key, std::move(pending)).first->second;
  mark_dirty(queue, key, added);
  return key;
}

void Engine::mark_dirty(const SubscriptionQueue& queue, Key key, PendingDelivery& pending) {
  if (std::exchange(pending.dirty, true)) return;
  dirty_deliveries_.emplace_back(queue.handle, key);
}

// REQUIRES: the key is in none of the backlog's indexes (fresh, retries, held, deferred).
void Engine::remove_pending(SubscriptionQueue& queue, Key key, Timestamp now) {
  auto& backlog = *queue.backlog;
  const auto found = backlog.deliveries.find(key);
  SENSE_CHECK(found != backlog.deliveries.end());
  const auto& pending = found->second;
  if (pending.event && !pending.event_saved) --unsaved_;
  --waiting_;
  if (pending.kind == Delivery::Kind::event) --backlog.events;
  if (pending.saved) removed_deliveries_.emplace_back(queue.subscription->id, key);
  if (pending.whole_window) --backlog.windows_pending;
  const bool ordered = pending.ordered;
  const auto group = pending.group;
  backlog.deliveries.erase(found);
  if (!ordered) return;
  backlog.order.erase({group, key});
  const auto next = backlog.order.lower_bound({group, 0});
  if (next == backlog.order.end() || next->first != group) return;
  auto& moved_up = backlog.at(next->second);
  if (moved_up.stage == Stage::blocked) schedule(queue, next->second, moved_up, now);
}

void Engine::schedule(SubscriptionQueue& queue, Key key, PendingDelivery& pending, Timestamp now) {
  if (pending.not_before <= now.wall) return enqueue(queue, key, pending, now);
  pending.stage = Stage::held;
  pending.due = now.mono + (pending.not_before - now.wall);
  queue.backlog->held.emplace(pending.due, key);
}

void Engine::enqueue(SubscriptionQueue& queue, Key key, PendingDelivery& pending, Timestamp now) {
  const bool collected = pending.kind == Delivery::Kind::event && pending.window == 0 &&
                         queue.subscription->delivery.collects();
  if (collected) return join_window(queue, key, pending, now);
  if (pending.kind == Delivery::Kind::event && pending.number == 0) {
    // It was to be collected, but the subscription was changed meanwhile.
    pending.number = assign_number(queue);
    not_replayable_ = true;
    mark_dirty(queue, key, pending);
  }
  pending.stage = Stage::fresh;
  queue.backlog->fresh.push(key);
}

}  // namespace sense

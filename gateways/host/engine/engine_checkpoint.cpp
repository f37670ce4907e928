// SPDX-License-Identifier: Apache-2.0
// Checkpoints: what survives a crash.
#include <algorithm>

#include "gateways/host/engine/engine.hpp"
#include "gateways/host/engine/retry_schedule.hpp"

namespace sense {

namespace {

// The longest interval that may span a restart.
constexpr Duration past_max = std::chrono::days{31};

}  // namespace

Engine::SavedDelivery Engine::saved_form(const SubscriptionQueue& queue,
                                         const PendingDelivery& pending, Timestamp now) const {
  SavedDelivery saved;
  saved.subscription = queue.subscription->id;
  saved.kind = pending.kind;
  saved.number = pending.number;
  saved.number_last = pending.number_last;
  saved.sequence = pending.sequence;
  saved.attempts = pending.attempts;
  saved.due = now.wall;
  if (pending.stage == Stage::collecting) saved.due = now.wall - (now.mono - pending.due);
  if (pending.attempts > 0) {
    saved.due = now.wall + std::max(Duration{0}, pending.due - now.mono);
    saved.first = now.wall - (now.mono - pending.first);
  }
  if (pending.expires != WallTime::max()) saved.expires = pending.expires;
  saved.reason = pending.details->reason;
  if (!pending.event_saved) saved.event = pending.event;
  saved.group = pending.group;
  saved.window = pending.window;
  saved.octets = pending.octets;
  saved.not_before = pending.not_before;
  return saved;
}

std::vector<Engine::SavedQueue> Engine::save_queues(AsOf as_of) {
  std::vector<SavedQueue> saved;
  std::vector<std::uint32_t> later;
  for (const auto handle : std::exchange(dirty_queues_, {})) {
    auto* queue = queues_.find(handle);
    if (queue == nullptr || !std::exchange(queue->dirty, false)) continue;
    auto number = queue->next_number;
    if (as_of == AsOf::lagged && queue->epoch == epoch_) {
      number = queue->number_at_epoch_start;
      later.push_back(handle);
      if (queue->clean_at_epoch_start) continue;
    }
    const bool only_number = !std::exchange(queue->changed, false) && queue->saved;
    saved.push_back({queue->subscription, number, queue->ending, queue->windows, queue->suspension,
                     only_number});
    queue->saved = true;
  }
  for (const auto handle : later) mark_dirty(queues_.at(handle));
  return saved;
}

Engine::Checkpoint Engine::take_checkpoint(Timestamp now, AsOf as_of) {
  SENSE_CHECK(as_of == AsOf::now || allow_lagged());
  Checkpoint checkpoint;
  checkpoint.queues_removed.assign(removed_queues_.begin(), removed_queues_.end());
  checkpoint.deliveries_removed = std::exchange(removed_deliveries_, {});
  removed_queues_.clear();
  checkpoint.queues = save_queues(as_of);
  std::vector<PendingId> later;
  for (const auto& [handle, key] : std::exchange(dirty_deliveries_, {})) {
    auto* queue = queues_.find(handle);
    if (queue == nullptr || !queue->backlog) continue;
    const auto found = queue->backlog->deliveries.find(key);
    if (found == queue->backlog->deliveries.end()) continue;
    auto& pending = found->second;
    if (!std::exchange(pending.dirty, false)) continue;
    if (as_of == AsOf::lagged && pending.sequence > last_sequence_at_epoch_start_) {
      later.emplace_back(handle, key);
      continue;
    }
    checkpoint.deliveries.emplace_back(key, saved_form(*queue, pending, now));
    if (pending.event && !pending.event_saved) --unsaved_;
    pending.saved = true;
    if (!pending.event) continue;
    pending.event_saved = true;
    releasable_.emplace_back(handle, key);
  }
  for (const auto& [handle, key] : later)
    mark_dirty(queues_.at(handle), key, queues_.at(handle).backlog->at(key));
  ++epoch_;
  last_sequence_at_epoch_start_ = last_sequence_;
  not_replayable_ = false;
  return checkpoint;
}

void Engine::stored(Timestamp now) {
  const auto find = [this](const PendingId& place) -> PendingDelivery* {
    auto* queue = queues_.find(place.first);
    if (queue == nullptr || !queue->backlog) return nullptr;
    const auto pending = queue->backlog->deliveries.find(place.second);
    return pending == queue->backlog->deliveries.end() ? nullptr : &pending->second;
  };
  // Stored events are released; a later attempt loads them again. With a subscriber that keeps up,
  // deliveries are settled before the checkpoint.
  for (const auto& place : std::exchange(releasable_, {}))
    if (auto* pending = find(place); pending != nullptr && pending->event_saved)
      pending->event = nullptr;
  std::vector<PendingId> fixed;
  std::erase_if(not_durable_, [&](const PendingId& place) {
    const auto* pending = find(place);
    const bool there = pending != nullptr && pending->stage == Stage::not_durable;
    if (there && pending->dirty) return false;  // sealed after the checkpoint
    if (there) fixed.push_back(place);
    return true;
  });
  for (const auto& [handle, key] : fixed) {
    auto& queue = queues_.at(handle);
    auto& pending = queue.backlog->at(key);
    if (pending.stage != Stage::not_durable) continue;
    pending.stage = Stage::fresh;
    queue.backlog->fresh.push(key);
    dispatch(queue, now);
  }
  resume_after_checkpoint(now);
}

void Engine::resume_after_checkpoint(Timestamp now) {
  std::vector<std::uint32_t> stored;
  std::erase_if(queues_awaiting_checkpoint_, [&](const std::uint32_t handle) {
    auto* queue = queues_.find(handle);
    if (queue == nullptr || !queue->backlog || !queue->backlog->awaits_checkpoint) return true;
    if (queue->backlog->awaits_since_epoch == epoch_)
      return false;  // redriven after the checkpoint
    queue->backlog->awaits_checkpoint = false;
    stored.push_back(handle);
    return true;
  });
  for (const auto handle : stored) dispatch(queues_.at(handle), now);
}

void Engine::restore(SavedQueue saved) {
  auto& queue = queues_.add(std::move(saved.subscription));
  queue.next_number = saved.next_number;
  queue.ending = saved.ending;
  queue.windows = saved.windows;
  queue.suspension = saved.suspension;
  queue.saved = true;
  if (!queue.ending) index_subscription(queue);
}

void Engine::restore(Key key, SavedDelivery saved, Timestamp now) {
  auto* queue = queues_.find(saved.subscription);
  if (queue == nullptr) return;
  PendingDelivery pending;
  pending.kind = saved.kind;
  pending.number = saved.number;
  pending.number_last = saved.number_last;
  pending.sequence = saved.sequence;
  pending.attempts = saved.attempts;
  pending.due = now.mono + std::clamp(Duration{saved.due - now.wall}, -past_max, retry_pause_max);
  pending.first = now.mono + std::clamp(Duration{saved.first - now.wall}, -past_max, Duration{0});
  if (saved.expires) pending.expires = *saved.expires;
  if (!saved.reason.empty()) pending.details.edit().reason = std::move(saved.reason);
  pending.group = saved.group;
  pending.window = saved.window;
  pending.octets = saved.octets;
  pending.not_before = saved.not_before;
  pending.saved = pending.event_saved = true;
  auto& backlog = backlog_of(*queue);
  backlog.next_key = std::max(backlog.next_key, key + 1);
  backlog.deliveries.emplace(key, std::move(pending));
  ++waiting_;
}

void Engine::restored(Timestamp now) {
  restored_ = now.mono;
  queues_.for_each([&](SubscriptionQueue& queue) {
    const auto state = queue.subscription->state;
    if (queue.backlog) rebuild(queue, now);
    if (queue.suspension == SubscriptionQueue::Suspension::suspended) suspend(queue, now);
    // The write to the registry may have been lost in the crash.
    if (queue.suspension == SubscriptionQueue::Suspension::suspended &&
        state == SubscriptionState::active)
      actions_.suspensions.push_back({queue.subscription->id, true, "callback failing"});
    if (queue.suspension == SubscriptionQueue::Suspension::resumed &&
        state == SubscriptionState::suspended)
      actions_.suspensions.push_back({queue.subscription->id, false, {}});
    dispatch(queue, now);
  });
}

// Restores the stage of each delivery from its saved form.
void Engine::rebuild(SubscriptionQueue& queue, Timestamp now) {
  auto deliveries = std::exchange(queue.backlog->deliveries, {});
  queue.backlog.reset();
  auto& backlog = backlog_of(queue);  // applies rate and interval to the first attempts
  backlog.deliveries = std::move(deliveries);
  backlog.events = static_cast<std::size_t>(
      std::count_if(backlog.deliveries.begin(), backlog.deliveries.end(),
                    [](const auto& each) { return each.second.kind == Delivery::Kind::event; }));
  std::map<std::uint64_t, Key> digests;  // by window
  std::vector<Key> keys;
  for (const auto& [key, pending] : backlog.deliveries) {
    keys.push_back(key);
    if (pending.kind != Delivery::Kind::digest) continue;
    digests.emplace(pending.window, key);
    queue.windows = std::max(queue.windows, pending.window);
  }
  backlog.next_key = keys.empty() ? 1 : keys.back() + 1;
  for (const auto key : keys) {
    auto& pending = backlog.at(key);
    const auto digest = digests.find(pending.window);
    if (pending.kind == Delivery::Kind::event && pending.window != 0 && digest != digests.end()) {
      pending.stage = Stage::in_digest;
      backlog.at(digest->second).details.edit().members.push_back(key);
    } else if (pending.kind == Delivery::Kind::event && pending.window > queue.windows) {
      rejoin_window(queue, key, pending, now);
    }
  }
  for (const auto& [window, key] : digests) {
    if (backlog.at(key).details->members.empty())
      remove_pending(queue, key, now);  // only a damaged store has such a digest
    else
      set_digest_numbers(queue, backlog.at(key));
  }
  // Last, since a held delivery may join the window and close it.
  for (const auto key : keys) {
    const auto found = backlog.deliveries.find(key);  // it may have been superseded
    if (found != backlog.deliveries.end() && found->second.stage == Stage::fresh)
      rebuild_pending(queue, key, found->second, now);
  }
}

void Engine::rebuild_pending(SubscriptionQueue& queue, Key key, PendingDelivery& pending,
                             Timestamp now) {
  auto& backlog = *queue.backlog;
  if (pending.window != 0) {
    pending.whole_window = true;
    ++backlog.windows_pending;
  }
  if (queue.subscription->delivery.ordered() && pending.group != 0) {
    pending.ordered = true;
    const auto place = backlog.order.emplace(pending.group, key).first;
    if (place != backlog.order.begin() && std::prev(place)->first == pending.group) {
      pending.stage = Stage::blocked;
      return;
    }
  }
  if (pending.attempts == 0) return schedule(queue, key, pending, now);
  pending.stage = Stage::retrying;
  backlog.retries.emplace(pending.due, key);
}

void Engine::rejoin_window(SubscriptionQueue& queue, Key key, PendingDelivery& pending,
                           Timestamp now) {
  auto& open = queue.backlog->open_window;
  if (!open) {
    open = std::make_unique<DigestWindow>();
    open->opened = MonoTime::max();
  }
  pending.stage = Stage::collecting;
  pending.due = std::min(pending.due, now.mono);
  open->add(key, pending.group);
  open->octets += pending.octets;
  if (pending.due >= open->opened) return;
  open->opened = pending.due;
  open->opened_wall = now.wall - (now.mono - pending.due);
}

}  // namespace sense

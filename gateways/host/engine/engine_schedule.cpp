// SPDX-License-Identifier: Apache-2.0
// Scheduling: window, rate, hold, retries, probes.
#include <algorithm>

#include "gateways/host/engine/delivery_notices.hpp"
#include "gateways/host/engine/engine.hpp"

namespace sense {

namespace {

using std::chrono::seconds;

bool may_attempt(const SubscriptionQueue& queue) {
  // A suspended subscription is probed.
  const auto state = queue.subscription->state;
  return !queue.gone && (queue.ending || state == SubscriptionState::active ||
                         state == SubscriptionState::suspended);
}

bool probing(const SubscriptionQueue& queue) {
  return !queue.ending && queue.suspension == SubscriptionQueue::Suspension::suspended;
}

// The first attempt of a window awaits the minimum interval.
bool waits_for_interval(const SubscriptionQueue& queue, const PendingDelivery& pending,
                        Timestamp now) {
  return pending.whole_window && pending.attempts == 0 && queue.backlog->next_window > now.mono &&
         queue.subscription->delivery.sparse->min_interval;
}

bool idle(const SubscriptionQueue& queue, Timestamp now) {
  const auto& backlog = *queue.backlog;
  return backlog.deliveries.empty() && !backlog.awaits_checkpoint && !backlog.open_window &&
         backlog.failures == 0 && backlog.next_attempt <= now.mono &&
         backlog.next_window <= now.mono &&
         queue.suspension != SubscriptionQueue::Suspension::suspended;
}

}  // namespace

std::uint32_t Engine::window(const SubscriptionQueue& queue) const {
  return std::max(1U, queue.subscription->delivery.window.value_or(defaults_.window));
}

// A redriven number is not derived from the journal: until a checkpoint has it, neither that
// delivery nor a later one may be attempted.
void Engine::await_checkpoint(SubscriptionQueue& queue) {
  actions_.checkpoint = not_replayable_ = true;
  auto& backlog = backlog_of(queue);
  backlog.awaits_since_epoch = epoch_;
  if (!std::exchange(backlog.awaits_checkpoint, true))
    queues_awaiting_checkpoint_.push_back(queue.handle);
}

// Attempts all that may be attempted now, then sets the timer.
void Engine::dispatch(SubscriptionQueue& queue, Timestamp now) {
  if (!queue.backlog) return;
  release_held(queue, now);
  if (const auto closes = window_closes(queue, now); closes && *closes <= now.mono)
    close_window(queue, now);
  if (may_attempt(queue))
    while (const auto key = next_key(queue, now))
      if (!expire(queue, *key, now)) attempt(queue, *key, now);
  set_timer(queue, now);
  const auto& backlog = *queue.backlog;
  const bool works = may_attempt(queue) && backlog.failures == 0 && !probing(queue);
  count_active(queue, works ? backlog.fresh.size() + backlog.in_flight : 0);
  if (idle(queue, now)) queue.backlog.reset();
}

void Engine::count_active(SubscriptionQueue& queue, std::size_t count) {
  active_ = active_ - std::exchange(queue.backlog->active, count) + count;
}

void Engine::release_held(SubscriptionQueue& queue, Timestamp now) {
  auto& held = queue.backlog->held;
  while (!held.empty() && held.begin()->first <= now.mono) {
    const auto key = held.begin()->second;
    held.erase(held.begin());
    // The wall clock decides: it may have been set back.
    schedule(queue, key, queue.backlog->at(key), now);
  }
}

std::optional<Engine::Key> Engine::next_key(SubscriptionQueue& queue, Timestamp now) const {
  auto& backlog = *queue.backlog;
  if (backlog.awaits_checkpoint || backlog.in_flight >= window(queue) ||
      backlog.next_attempt > now.mono)
    return std::nullopt;
  if (probing(queue)) return next_probe(queue, now);
  if (!backlog.retries.empty() && backlog.retries.begin()->first <= now.mono) {
    const auto key = backlog.retries.begin()->second;
    backlog.retries.erase(backlog.retries.begin());
    return key;
  }
  if (backlog.fresh.empty() || backlog.retries.size() >= window(queue) * retrying_windows)
    return std::nullopt;
  const auto key = backlog.fresh.front();
  if (waits_for_interval(queue, backlog.at(key), now)) return std::nullopt;
  backlog.fresh.pop();
  return key;
}

// A probe takes the first delivery, due or not.
std::optional<Engine::Key> Engine::next_probe(SubscriptionQueue& queue, Timestamp now) const {
  auto& backlog = *queue.backlog;
  if (backlog.in_flight > 0 || backlog.next_probe > now.mono) return std::nullopt;
  if (!backlog.retries.empty()) {
    const auto key = backlog.retries.begin()->second;
    backlog.retries.erase(backlog.retries.begin());
    return key;
  }
  if (backlog.fresh.empty()) return std::nullopt;
  const auto key = backlog.fresh.front();
  backlog.fresh.pop();
  return key;
}

bool Engine::expire(SubscriptionQueue& queue, Key key, Timestamp now) {
  const auto& pending = queue.backlog->at(key);
  if (pending.kind == Delivery::Kind::digest) return expire_members(queue, key, now);
  if (pending.expires > now.wall) return false;
  ++totals_.expired;
  add_gap(queue, pending.number, "expired", now);
  remove_pending(queue, key, now);
  // Deferred gaps await a success, which cannot come when nothing else is pending.
  if (queue.backlog->deliveries.size() == queue.backlog->deferred.size()) resume_gaps(queue);
  return true;
}

void Engine::attempt(SubscriptionQueue& queue, Key key, Timestamp now) {
  auto& backlog = *queue.backlog;
  auto& pending = backlog.at(key);
  if (pending.attempts++ == 0) pending.first = now.mono;
  pending.stage = Stage::in_flight;
  pending.attempt_id = attempts_.open({queue.handle, key});
  ++backlog.in_flight;
  mark_dirty(queue, key, pending);
  const auto& sparse = *queue.subscription->delivery.sparse;
  if (sparse.rate)
    backlog.next_attempt =
        std::max(backlog.next_attempt, now.mono) + Duration{seconds{1}} / *sparse.rate;
  if (sparse.min_interval && pending.whole_window)
    backlog.next_window = now.mono + *sparse.min_interval;
  if (probing(queue)) {
    backlog.next_probe = now.mono + backlog.probe_pause;
    backlog.probe_pause = std::min(backlog.probe_pause * 2, defaults_.probe_max);
  }
  actions_.deliver.push_back(
      {pending.attempt_id, pending.sequence, delivery_of(queue, pending, now)});
}

std::shared_ptr<Delivery> Engine::delivery_of(const SubscriptionQueue& queue,
                                              const PendingDelivery& pending, Timestamp now) {
  auto delivery = std::make_shared<Delivery>();
  delivery->kind = pending.kind;
  delivery->subscription = queue.subscription;
  delivery->number = pending.number;
  delivery->number_last = pending.number_last;
  delivery->attempt = pending.attempts;
  delivery->reason = pending.details->reason;
  delivery->window = pending.window;
  const auto& subscription = *queue.subscription;
  switch (pending.kind) {
    case Delivery::Kind::event: delivery->event = pending.event; break;
    case Delivery::Kind::gap:
      delivery->event = gap_notice(subscription, pending.number, pending.number_last,
                                   pending.details->reason, now.wall);
      break;
    case Delivery::Kind::ended:
      delivery->event = ended_notice(subscription, pending.details->reason, now.wall);
      break;
    case Delivery::Kind::digest:
      for (const auto key : pending.details->members) {
        const auto& member = queue.backlog->at(key);
        delivery->contents.push_back({member.number, member.sequence, member.event});
      }
      break;
  }
  return delivery;
}

// ---- time

std::optional<MonoTime> Engine::next_attempt(const SubscriptionQueue& queue, Timestamp now) const {
  const auto& backlog = *queue.backlog;
  if (!may_attempt(queue) || backlog.awaits_checkpoint || backlog.in_flight >= window(queue))
    return std::nullopt;
  const bool fresh_waits =
      backlog.fresh.empty() ||
      (!probing(queue) && backlog.retries.size() >= window(queue) * retrying_windows);
  if (probing(queue)) {
    if (backlog.in_flight > 0 || (backlog.retries.empty() && fresh_waits)) return std::nullopt;
    return std::max(backlog.next_probe, backlog.next_attempt);
  }
  auto due = MonoTime::max();
  if (!backlog.retries.empty()) due = backlog.retries.begin()->first;
  if (!fresh_waits) {
    const auto& pending = queue.backlog->at(backlog.fresh.front());
    due = std::min(due, waits_for_interval(queue, pending, now) ? backlog.next_window : now.mono);
  }
  if (due == MonoTime::max()) return std::nullopt;
  return std::max(due, backlog.next_attempt);
}

void Engine::set_timer(SubscriptionQueue& queue, Timestamp now) {
  auto& backlog = *queue.backlog;
  auto due = MonoTime::max();
  for (const auto each : {next_attempt(queue, now), window_closes(queue, now)})
    if (each) due = std::min(due, *each);
  if (!backlog.held.empty()) due = std::min(due, backlog.held.begin()->first);
  if (due == MonoTime::max()) due = MonoTime{};
  if (due == backlog.timer) return;
  if (backlog.timer != MonoTime{}) timers_.erase({backlog.timer, queue.handle});
  backlog.timer = due;
  if (due != MonoTime{}) timers_.emplace(due, queue.handle);
}

std::optional<MonoTime> Engine::next_timer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void Engine::on_timer(Timestamp now) {
  while (!timers_.empty() && timers_.begin()->first <= now.mono) {
    auto& queue = queues_.at(timers_.begin()->second);
    timers_.erase(timers_.begin());
    queue.backlog->timer = MonoTime{};
    dispatch(queue, now);
  }
}

}  // namespace sense

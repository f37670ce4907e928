// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/backlog.hpp"

#include <algorithm>

#include "core/base/hash.hpp"
#include "gateways/host/engine/queue/retry_schedule.hpp"

namespace sense {

using Stage = PendingDelivery::Stage;

namespace {

std::uint64_t group_of(const Event& event) {
  return stable_hash(event.source) | 1U;  // 0 means no group
}

// A suspended subscription is probed.
bool may_attempt(const QueueFacts& queue) {
  const auto state = queue.subscription->state;
  return !queue.gone && (queue.ending || state == SubscriptionState::active ||
                         state == SubscriptionState::suspended);
}

void dead_letter(const PendingDelivery& pending, std::uint32_t attempts, const std::string& reason,
                 const std::string& answer, const QueueScope& in) {
  if (in.sparse().on_failure == OnFailure::drop) {
    ++in.engine.totals.dropped;
    return;
  }
  ++in.engine.totals.dead_letters;
  in.engine.actions.dead_letters.push_back({in.queue.subscription->id, pending.number,
                                            pending.sequence, attempts, reason, answer,
                                            pending.event, in.queue.subscription->owner});
}

}  // namespace

Backlog::Backlog(const QueueScope& in) : health_(in.queue.suspension) {
  // After a restart the time of the last attempt is unknown: assume that it was just before.
  if (!in.engine.started) return;
  if (in.sparse().rate)
    attempts_.wait_until(*in.engine.started +
                         Duration{std::chrono::seconds{1}} / *in.sparse().rate);
  if (in.sparse().min_interval && in.queue.windows > 0)
    next_window_ = *in.engine.started + *in.sparse().min_interval;
}

// ---- from the event to the queue

void Backlog::accept(const EventRef& event, const QueueScope& in) {
  const auto& options = in.options();
  const WallTime occurred = event->time.value_or(event->observedtime.value_or(in.now.wall));
  PendingDelivery pending;
  pending.sequence = event->sequence;
  pending.event = event;
  const bool owner_full = !in.owner_has_room(event->data.size());
  if (owner_full || deliveries_.events() >= in.engine.defaults.backlog_max) {
    ++in.engine.totals.overflowed;
    if (owner_full) ++in.engine.totals.over_owner;
    pending.number = in.assign_number();
    dead_letter(pending, 0, "overflow", {}, in);
    return gaps_.add(pending.number, "overflow", deliveries_, attempts_, in);
  }
  pending.octets = static_cast<std::uint32_t>(event->data.size());
  // A collected event is numbered when it joins its window, where it may supersede another.
  if (!options.collects()) pending.number = in.assign_number();
  if (event->expirytime) pending.expires = *event->expirytime;
  if (options.expiry) pending.expires = std::min(pending.expires, occurred + *options.expiry);
  if (event->notbefore) pending.not_before = *event->notbefore;
  if (options.sparse->hold)
    pending.not_before = std::max(pending.not_before, occurred + *options.sparse->hold);
  if (options.ordered() || options.only_latest()) pending.group = group_of(*event);
  const auto key = deliveries_.add(std::move(pending), in);
  if (!options.ordered() || deliveries_.enter_order(key)) schedule(key, in);
}

void Backlog::add_end_notice(std::string reason, const QueueScope& in) {
  PendingDelivery notice;
  notice.kind = Delivery::Kind::ended;
  notice.details.edit().reason = std::move(reason);
  attempts_.push(deliveries_.add(std::move(notice), in));
}

void Backlog::schedule(Key key, const QueueScope& in) {
  auto& pending = deliveries_.at(key);
  if (pending.not_before > in.now.wall) {
    pending.stage = Stage::held;
    pending.due = in.now.mono + (pending.not_before - in.now.wall);
    return attempts_.hold(key, pending.due);
  }
  const bool is_event = pending.kind == Delivery::Kind::event;
  if (is_event && pending.window == 0 && in.options().collects()) return collect(key, in);
  if (is_event && pending.number == 0) {
    // It was to be collected, but the subscription was changed meanwhile.
    pending.number = in.assign_number();
    in.engine.tracker.set_not_replayable();
    deliveries_.mark(key, in);
  }
  pending.stage = Stage::fresh;
  attempts_.push(key);
}

void Backlog::collect(Key key, const QueueScope& in) {
  auto& pending = deliveries_.at(key);
  if (!window_) window_ = std::make_unique<DigestWindow>();
  DigestWindow::Member member{key, pending.sequence, pending.number, pending.group, pending.octets};
  std::optional<Key> superseded;
  if (in.options().only_latest() && pending.number == 0) superseded = window_->supersede(member);
  if (superseded) {
    ++in.engine.totals.superseded;
    if (*superseded == key) return remove(key, in);
    pending.number = member.number;
    remove(*superseded, in);
  } else {
    if (member.number == 0) member.number = pending.number = in.assign_number();
    window_->add(member);
  }
  window_->on_join(in.now.mono, in.now);
  pending.window = in.queue.windows + 1;
  pending.stage = Stage::collecting;
  pending.due = in.now.mono;
  deliveries_.mark(key, in);
  in.engine.tracker.set_not_replayable();
  if (window_->full(in.sparse())) close_window(in);
}

void Backlog::close_window(const QueueScope& in) {
  if (!window_) return;
  auto members = std::exchange(window_, nullptr)->keys();
  std::erase_if(members, [&](const Key key) { return expire(key, in); });
  if (members.empty()) return;
  ++in.queue.windows;
  in.mark_changed();
  const auto key = deliveries_.close_window(std::move(members), in);
  in.engine.tracker.await_stored({in.queue.handle, key});
  in.engine.actions.checkpoint = true;
}

// ---- from the queue to the attempt

AttemptQueue::Limits Backlog::limits(const QueueScope& in) {
  AttemptQueue::Limits limits;
  limits.window = std::max(1U, in.options().window.value_or(in.engine.defaults.window));
  limits.probing = !in.queue.ending && health_.suspended();
  limits.next_probe = health_.next_probe();
  if (!in.sparse().min_interval) return limits;
  // The first attempt of a window awaits the minimum interval.
  if (const auto key = attempts_.first_fresh()) {
    const auto& first = deliveries_.at(*key);
    if (first.whole_window && first.attempts == 0) limits.fresh_from = next_window_;
  }
  return limits;
}

void Backlog::dispatch(const QueueScope& in) {
  const auto now = in.now.mono;
  const auto window_closes = [&]() -> std::optional<MonoTime> {
    if (!window_) return std::nullopt;
    return window_->closes(in.sparse(), next_window_, deliveries_.windows() > 0, in.now);
  };
  // The wall clock decides: it may have been set back, and a released one is held again.
  while (const auto key = attempts_.next_released(now)) schedule(*key, in);
  if (const auto closes = window_closes(); closes && *closes <= now) close_window(in);
  std::optional<MonoTime> next;
  if (may_attempt(in.queue) && awaits_epoch_ == 0) {
    auto permitted = limits(in);
    while (const auto key = attempts_.next(permitted, now)) {
      if (!expire(*key, in)) attempt(*key, in);
      permitted = limits(in);
    }
    next = attempts_.next_due(permitted, now);
  }
  auto due = MonoTime::max();
  for (const auto each : {next, window_closes(), attempts_.next_release()})
    if (each) due = std::min(due, *each);
  in.engine.timers.move(in.queue.handle, timer_, due == MonoTime::max() ? MonoTime{} : due);

  const bool works =
      may_attempt(in.queue) && health_.failures() == 0 && (in.queue.ending || !health_.suspended());
  const auto active = works ? attempts_.active() : 0;
  in.engine.active = in.engine.active - std::exchange(active_, active) + active;
}

// True when it was removed. Of a digest the members expire, each on its own.
bool Backlog::expire(Key key, const QueueScope& in) {
  auto& pending = deliveries_.at(key);
  if (pending.kind == Delivery::Kind::digest) {
    auto& members = pending.details.edit().members;
    if (std::erase_if(members, [&](const Key member) { return expire(member, in); }) == 0)
      return false;
    if (members.empty()) {
      remove(key, in);
      return true;
    }
    deliveries_.number_digest(key);
    deliveries_.mark(key, in);
    return false;
  }
  if (pending.expires > in.now.wall) return false;
  ++in.engine.totals.expired;
  in.engine.actions.expired.push_back({in.queue.subscription->id,
                                       pending.number,
                                       pending.sequence,
                                       pending.attempts,
                                       "expired",
                                       {},
                                       pending.event});
  gaps_.add(pending.number, "expired", deliveries_, attempts_, in);
  remove(key, in);
  // Deferred gaps await a success, which cannot come when nothing else is pending.
  if (deliveries_.size() == gaps_.size()) gaps_.resume(deliveries_, attempts_);
  return true;
}

void Backlog::attempt(Key key, const QueueScope& in) {
  const auto now = in.now.mono;
  auto& pending = deliveries_.at(key);
  if (pending.attempts++ == 0) pending.first = now;
  pending.stage = Stage::in_flight;
  pending.attempt_id = in.engine.attempts.open({in.queue.handle, key});
  deliveries_.mark(key, in);
  attempts_.begin(in.sparse().rate, now);
  if (in.sparse().min_interval && pending.whole_window)
    next_window_ = now + *in.sparse().min_interval;
  health_.on_attempt(in.engine.defaults, now);
  in.engine.actions.deliver.push_back(
      {pending.attempt_id, pending.sequence, deliveries_.to_delivery(key, in)});
}

// ---- from the attempt to the end

void Backlog::end_attempt(Key key) {
  deliveries_.at(key).attempt_id = 0;
  attempts_.end();
}

void Backlog::settle(Key key, const QueueScope& in) {
  const auto& pending = deliveries_.at(key);
  if (pending.kind == Delivery::Kind::event) ++in.engine.totals.delivered;
  in.engine.totals.delivered += pending.details->members.size();
  remove_with_members(key, in);
  gaps_.resume(deliveries_, attempts_);
}

void Backlog::retry(Key key, const Attempt& result, const QueueScope& in) {
  auto& pending = deliveries_.at(key);
  const RetrySchedule schedule(in.options(), in.engine.defaults.pauses);
  // During suspension nothing is given up.
  if (!health_.suspended() && schedule.exhausted(pending.attempts, in.now.mono - pending.first,
                                                 pending.kind == Delivery::Kind::ended))
    return give_up(key, "undeliverable", result.answer, in);
  ++in.engine.totals.retried;
  pending.stage = Stage::retrying;
  pending.due = in.now.mono + schedule.pause(pending.attempts, result.after, in.engine.random);
  attempts_.retry(key, pending.due);
  deliveries_.mark(key, in);
}

void Backlog::retry_all(const QueueScope& in) {
  for (const auto key : attempts_.retry_all(in.now.mono)) deliveries_.at(key).due = in.now.mono;
}

void Backlog::give_up(Key key, const std::string& reason, const std::string& answer,
                      const QueueScope& in) {
  const auto& pending = deliveries_.at(key);
  // A crash before it is explained must report it again.
  if (pending.kind == Delivery::Kind::gap && reason != "rejected")
    return gaps_.defer(key, deliveries_, in);
  std::vector<std::uint64_t> numbers;
  if (pending.kind == Delivery::Kind::event) {
    dead_letter(pending, pending.attempts, reason, answer, in);
    numbers.push_back(pending.number);
  }
  // Each event of a digest is a dead letter of its own, so that it can be redriven.
  for (const auto member : pending.details->members) {
    const auto& in_digest = deliveries_.at(member);
    dead_letter(in_digest, pending.attempts, reason, answer, in);
    numbers.push_back(in_digest.number);
  }
  if (numbers.empty()) ++in.engine.totals.dropped;
  // The gap first: with `order`, removal schedules the next delivery of the source.
  for (const auto number : numbers) gaps_.add(number, "undeliverable", deliveries_, attempts_, in);
  remove_with_members(key, in);
}

void Backlog::remove(Key key, const QueueScope& in) {
  if (const auto unblocked = deliveries_.remove(key, in)) schedule(*unblocked, in);
}

void Backlog::remove_with_members(Key key, const QueueScope& in) {
  for (const auto member : deliveries_.at(key).details->members) remove(member, in);
  remove(key, in);
}

void Backlog::drop(const QueueScope& in) {
  for (const auto key : deliveries_.keys()) {
    const auto& pending = deliveries_.at(key);
    if (pending.kind == Delivery::Kind::event) ++in.engine.totals.dropped;
    if (in.engine.attempts.close(pending.attempt_id)) in.engine.withdrawn = true;
    (void)deliveries_.remove(key, in);
  }
  in.engine.timers.move(in.queue.handle, timer_, MonoTime{});
  in.engine.active -= std::exchange(active_, 0);
}

bool Backlog::idle(Timestamp now) const {
  return deliveries_.empty() && awaits_epoch_ == 0 && !window_ && health_.failures() == 0 &&
         !health_.suspended() && !attempts_.waits(now.mono) && next_window_ <= now.mono;
}

// ---- checkpoints

void Backlog::await_checkpoint(const QueueScope& in) {
  auto& tracker = in.engine.tracker;
  in.engine.actions.checkpoint = true;
  tracker.set_not_replayable();
  if (std::exchange(awaits_epoch_, tracker.epoch()) != tracker.epoch())
    tracker.await_stored(in.queue.handle);
}

bool Backlog::on_stored(const QueueScope& in) {
  if (awaits_epoch_ == in.engine.tracker.epoch()) return false;  // redriven after the checkpoint
  return std::exchange(awaits_epoch_, 0) != 0;
}

bool Backlog::on_stored(Key key, const QueueScope& in) {
  auto* pending = deliveries_.find(key);
  if (pending == nullptr || pending->stage != Stage::not_durable ||
      !in.engine.tracker.clean(pending->marks))
    return false;
  pending->stage = Stage::fresh;
  attempts_.push(key);
  return true;
}

void Backlog::rebuild(PendingDeliveries restored, const QueueScope& in) {
  deliveries_ = std::move(restored);
  deliveries_.rebuild_digests(in);
  const auto keys = deliveries_.keys();
  for (const auto key : keys) {
    auto& pending = deliveries_.at(key);
    // Of a window that was open; a closed one has been counted.
    if (pending.stage != Stage::fresh || pending.kind != Delivery::Kind::event ||
        pending.window <= in.queue.windows)
      continue;
    if (!window_) window_ = std::make_unique<DigestWindow>();
    pending.stage = Stage::collecting;
    pending.due = std::min(pending.due, in.now.mono);
    window_->add({key, pending.sequence, pending.number, pending.group, pending.octets});
    window_->on_join(pending.due, in.now);
  }
  // Last, since a held delivery may join the window and close it, or supersede another.
  for (const auto key : keys) {
    auto* pending = deliveries_.find(key);
    if (pending == nullptr || pending->stage != Stage::fresh) continue;
    if (pending->window != 0) deliveries_.count_window(key);
    if (in.options().ordered() && pending->group != 0 && !deliveries_.enter_order(key)) continue;
    if (pending->attempts == 0) {
      schedule(key, in);
    } else {
      pending->stage = Stage::retrying;
      attempts_.retry(key, pending->due);
    }
  }
}

}  // namespace sense

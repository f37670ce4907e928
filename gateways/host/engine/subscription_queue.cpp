// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/subscription_queue.hpp"

#include <algorithm>

#include "core/event/recipients.hpp"

namespace sense {

static_assert(sizeof(SubscriptionQueue) <= 64, "a million of them are idle");

SubscriptionQueue::SubscriptionQueue(SubscriptionRef subscription, std::uint32_t handle) {
  facts_.subscription = std::move(subscription);
  facts_.handle = handle;
}

// ---- the subscription

void SubscriptionQueue::put(SubscriptionRef subscription, EngineState& engine, Timestamp now) {
  const QueueScope in{facts_, engine, now};
  const auto before = std::exchange(facts_.subscription, std::move(subscription));
  const auto state = facts_.subscription->state;
  const bool for_filter = suspended_for_filter(*facts_.subscription);
  if (for_filter) facts_.too_dear = true;
  // Also of one that was active before: its suspension and resumption may be read as one change.
  else if (state == SubscriptionState::active)
    facts_.too_dear = false;
  if (facts_.ending) {
    // Created again under its old id, as subscriptions of the configuration file are.
    drop(engine, now);
    facts_.ending = facts_.gone = facts_.too_dear = false;
    facts_.next_number = 1;
    facts_.windows = 0;
  } else if (state != before->state) {
    // The registry has the owner's request and the engine's own suspensions, which the engine wrote
    // there.
    if (state == SubscriptionState::active) {
      // Resumed by the engine or by the owner: the owner's decision overrides probing, and the
      // pauses that probing has made long.
      facts_.suspension = Suspension::none;
      if (backlog_ && backlog_->health().suspended()) backlog_->retry_all(in);
      if (backlog_) backlog_->health().reset();
    } else if (state == SubscriptionState::suspended && !for_filter &&
               suspension() == Suspension::none) {
      suspend(in);
    }
  }
  // What was collected under the previous options is delivered as one window.
  if (backlog_ && !in.options().collects()) backlog_->close_window(in);
  in.mark_changed();
  dispatch(in);
}

void SubscriptionQueue::end(std::string reason, bool notify, EngineState& engine, Timestamp now) {
  const QueueScope in{facts_, engine, now};
  drop(engine, now);
  facts_.ending = true;
  facts_.suspension = Suspension::none;
  // An unverified callback gets no end notice, nor does one that is gone.
  if (!notify || facts_.gone || facts_.subscription->state == SubscriptionState::pending) return;
  backlog(in).add_end_notice(std::move(reason), in);
  in.mark_changed();
  dispatch(in);
}

void SubscriptionQueue::drop(EngineState& engine, Timestamp now) {
  if (!backlog_) return;
  backlog_->drop({facts_, engine, now});
  backlog_.reset();
}

// ---- events

void SubscriptionQueue::accept(const EventRef& event, EngineState& engine, Timestamp now) {
  const QueueScope in{facts_, engine, now};
  backlog(in).accept(event, in);
  dispatch(in);
}

Status SubscriptionQueue::redrive(const EventRef& event, EngineState& engine, Timestamp now) {
  const QueueScope in{facts_, engine, now};
  const auto& id = facts_.subscription->id;
  if (facts_.ending || facts_.gone || facts_.subscription->state == SubscriptionState::pending)
    return fail(Code::notfound, "subscription " + id + " is not served here any more");
  const auto& expiry = in.options().expiry;
  const WallTime occurred = event->time.value_or(event->observedtime.value_or(now.wall));
  if ((event->expirytime && *event->expirytime <= now.wall) ||
      (expiry && occurred + *expiry <= now.wall))
    return fail(Code::badparam, "the event has expired: it is never delivered");
  const auto& owner = facts_.subscription->owner;
  const auto names =
      engine.defaults.owner_names ? engine.defaults.owner_names(owner) : std::vector{owner};
  if (!is_for(*event, names))
    return fail(Code::noaccess, "the event's audience leaves out the owner of the subscription");
  if (waiting().deliveries >= std::max<std::size_t>(1, engine.defaults.backlog_max / 2))
    return fail(Code::nomoreroom, "subscription " + id + " has too many deliveries that wait");
  if (!in.owner_has_room(event->data.size()))
    return fail(Code::nomoreroom,
                "the owner of subscription " + id + " has too many deliveries that wait");
  backlog(in).accept(event, in);
  backlog(in).await_checkpoint(in);
  dispatch(in);
  return {};
}

Backlog& SubscriptionQueue::backlog(const QueueScope& in) {
  if (!backlog_) backlog_ = std::make_unique<Backlog>(in);
  return *backlog_;
}

void SubscriptionQueue::dispatch(const QueueScope& in) {
  if (!backlog_) return;
  backlog_->dispatch(in);
  if (!backlog_->idle(in.now)) return;
  facts_.suspension = suspension();
  backlog_.reset();
}

// ---- outcomes

namespace {

// A subscription of the configuration file is there for good: no gateway ends it, and a callback
// that is gone counts as one that fails for now.
Attempt::Outcome lasting(Attempt::Outcome outcome, const Subscription& subscription) {
  const bool configured = subscription.via == "config";
  return configured && outcome == Attempt::Outcome::gone ? Attempt::Outcome::retry : outcome;
}

}  // namespace

void SubscriptionQueue::on_result(Key key, const Attempt& result, EngineState& engine,
                                  Timestamp now) {
  using Outcome = Attempt::Outcome;
  const QueueScope in{facts_, engine, now};
  backlog_->end_attempt(key);
  // A callback that refuses a delivery works.
  const bool responded =
      result.outcome == Outcome::delivered || result.outcome == Outcome::rejected;
  if (responded && backlog_->health().on_response()) {
    in.mark_changed();
    engine.actions.suspensions.push_back({facts_.subscription->id, false, {}});
    backlog_->retry_all(in);
  }
  switch (lasting(result.outcome, *facts_.subscription)) {
    case Outcome::delivered: backlog_->settle(key, in); break;
    case Outcome::rejected: backlog_->give_up(key, "rejected", result.answer, in); break;
    case Outcome::retry:
      on_failure(result.answer, in);
      backlog_->retry(key, result, in);
      break;
    case Outcome::gone:
      backlog_->give_up(key, "gone", result.answer, in);
      if (!facts_.ending && !facts_.gone) engine.actions.gone.push_back(facts_.subscription->id);
      facts_.gone = true;
      break;
  }
  if (!finished()) dispatch(in);
}

void SubscriptionQueue::on_failure(const std::string& answer, const QueueScope& in) {
  if (facts_.ending) return;
  auto& health = backlog_->health();
  if (!health.on_failure(in.sparse(), in.engine.defaults, in.now.mono) || facts_.gone ||
      facts_.subscription->state == SubscriptionState::paused)
    return;
  suspend(in);
  in.engine.actions.suspensions.push_back(
      {facts_.subscription->id, true,
       std::to_string(health.failures()) + " attempts in a row failed", answer});
}

void SubscriptionQueue::suspend(const QueueScope& in) {
  backlog(in).health().suspend(in.engine.defaults, in.now.mono);
  in.mark_changed();
}

void SubscriptionQueue::suspend_for_filter(EngineState& engine) {
  facts_.too_dear = true;
  engine.actions.suspensions.push_back(
      {facts_.subscription->id, true,
       std::string(filter_too_dear) +
           " for what its owner has for each event (filter-steps-per-owner): make it cheaper, "
           "then resume the subscription"});
}

SubscriptionQueue::Suspension SubscriptionQueue::suspension() const {
  return backlog_ ? backlog_->health().suspension() : facts_.suspension;
}

// ---- checkpoints

std::optional<SavedQueue> SubscriptionQueue::save(CheckpointTracker::AsOf as_of,
                                                  EngineState& engine) {
  const auto save = engine.tracker.save(facts_.handle, facts_.marks, facts_.next_number, as_of);
  if (!save.wanted) return std::nullopt;
  return SavedQueue{facts_.subscription, save.next_number, facts_.ending,
                    facts_.windows,      suspension(),     save.only_number};
}

std::optional<SavedDelivery> SubscriptionQueue::save(Key key, CheckpointTracker::AsOf as_of,
                                                     EngineState& engine, Timestamp now) {
  auto* pending = backlog_ ? backlog_->deliveries().find(key) : nullptr;
  if (pending == nullptr) return std::nullopt;
  const bool unsaved = pending->event && !pending->marks.event_saved;
  if (!engine.tracker.save({facts_.handle, key}, pending->marks, pending->sequence,
                           pending->event != nullptr, as_of))
    return std::nullopt;
  auto saved = to_saved(facts_.subscription->id, *pending, now);
  if (!unsaved) return saved;
  saved.event = pending->event;
  --engine.unsaved;
  return saved;
}

void SubscriptionQueue::release(Key key) {
  auto* pending = backlog_ ? backlog_->deliveries().find(key) : nullptr;
  if (pending != nullptr && pending->marks.event_saved) pending->event = nullptr;
}

void SubscriptionQueue::on_stored(Key key, EngineState& engine, Timestamp now) {
  const QueueScope in{facts_, engine, now};
  if (backlog_ && backlog_->on_stored(key, in)) dispatch(in);
}

void SubscriptionQueue::on_stored(EngineState& engine, Timestamp now) {
  const QueueScope in{facts_, engine, now};
  if (backlog_ && backlog_->on_stored(in)) dispatch(in);
}

void SubscriptionQueue::restore(const SavedQueue& saved) {
  facts_.next_number = saved.next_number;
  facts_.ending = saved.ending;
  facts_.windows = saved.windows;
  facts_.suspension = saved.suspension;
  facts_.too_dear = suspended_for_filter(*facts_.subscription);
  facts_.marks.saved = true;
}

void SubscriptionQueue::restore(Key key, SavedDelivery saved, EngineState& engine, Timestamp now) {
  const QueueScope in{facts_, engine, now};
  backlog(in).deliveries().restore(key, to_pending(std::move(saved), now), in);
}

void SubscriptionQueue::restored(EngineState& engine, Timestamp now) {
  const QueueScope in{facts_, engine, now};
  if (backlog_) {
    auto deliveries = std::move(backlog_->deliveries());
    backlog_ = std::make_unique<Backlog>(in);  // applies rate and interval to the first attempts
    backlog_->rebuild(std::move(deliveries), in);
  }
  auto& suspensions = engine.actions.suspensions;
  const auto state = facts_.subscription->state;
  // The write to the registry may have been lost in the crash.
  if (suspension() == Suspension::suspended) {
    suspend(in);
    if (state == SubscriptionState::active)
      suspensions.push_back({facts_.subscription->id, true, "callback failing"});
  } else if (suspension() == Suspension::resumed && state == SubscriptionState::suspended) {
    suspensions.push_back({facts_.subscription->id, false, {}});
  }
  dispatch(in);
}

}  // namespace sense

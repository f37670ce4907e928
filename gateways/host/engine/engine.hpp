// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateways/host/engine/checkpoint.hpp"
#include "gateways/host/engine/queue_scope.hpp"
#include "gateways/host/engine/served_queues.hpp"

namespace sense {

// The delivery engine: matches events to subscriptions, numbers deliveries, schedules attempts,
// retries, gives up and reports gaps. Pure: no I/O, no clock, one thread. What is to be done is
// returned as actions, what must survive a crash as a checkpoint. Each subscription has a queue of
// its own: a failing or slow callback does not delay others.
//
// Every input may add actions: call take_actions() and next_timer() after it. Memory is bounded by
// the number of subscriptions and QueueDefaults::backlog_max of each, and by what each owner may
// have waiting in all.
class Engine final : public ServedQueues {
 public:
  using Defaults = QueueDefaults;
  using Actions = sense::Actions;
  using Deliver = Actions::Deliver;
  using DeadLetter = Actions::DeadLetter;
  using Suspension = Actions::Suspension;
  using Checkpoint = sense::Checkpoint;
  using SavedQueue = sense::SavedQueue;
  using SavedDelivery = sense::SavedDelivery;
  using AsOf = CheckpointTracker::AsOf;

  // `seed` of the jitter.
  Engine(Defaults defaults, std::uint64_t seed) : state_(std::move(defaults), seed) {}

  // ---- input

  // A subscription that this host serves is new or has changed. An id that has ended before is a
  // new subscription: its numbers start at 1, and a pending end notice is dropped.
  void put(SubscriptionRef subscription, Timestamp now);
  // The subscription has ended: nothing more is attempted. With `notify`, its callback is sent the
  // reason, unless it was never verified or is gone. An unknown id has no effect.
  void end(const std::string& id, std::string reason, bool notify, Timestamp now);
  // The next event of the journal. REQUIRES: sequences ascend.
  void on_event(const EventRef& event, Timestamp now);
  // An attempt id that is unknown, because the subscription has ended, has no effect.
  void on_result(std::uint64_t attempt_id, const Attempt& attempt, Timestamp now);
  void on_timer(Timestamp now);
  [[nodiscard]] std::optional<MonoTime> next_timer() const { return state_.timers.next(); }
  // Delivers the event of a dead letter again, under a new number, since its old one was reported
  // as a gap. The caller takes a checkpoint at once: until it is stored nothing of that
  // subscription is attempted, because after a crash the number could be given to another event.
  // Fails with notfound when the subscription is not served here, with badparam when the event has
  // expired, with noaccess when the owner may not see it (any more), and with nomoreroom when the
  // backlog is more than half full, or its owner has no room; then nothing has changed.
  [[nodiscard]] Status redrive(const std::string& id, const EventRef& event, Timestamp now);

  // All since the last call. Attempts whose subscription has ended meanwhile are not among them.
  [[nodiscard]] Actions take_actions();

  // ---- checkpoints

  // REQUIRES: for `lagged`, allow_lagged(); and that the last one taken is stored.
  [[nodiscard]] Checkpoint take_checkpoint(Timestamp now, AsOf as_of = AsOf::now);
  [[nodiscard]] bool allow_lagged() const { return state_.tracker.allow_lagged(); }
  // The last checkpoint taken is stored: events in it are released from memory, and windows in it
  // may be attempted.
  void stored(Timestamp now);
  // All queues first, then their deliveries, then restored(). Deliveries of an unknown queue are
  // ignored.
  void restore(SavedQueue queue);
  void restore(std::uint64_t key, SavedDelivery pending, Timestamp now);
  // Attempts what is due.
  void restored(Timestamp now);

  // ---- queries

  // Events held in memory because no checkpoint has them yet.
  [[nodiscard]] std::size_t unsaved() const { return state_.unsaved; }
  // Deliveries that are not settled.
  [[nodiscard]] std::size_t waiting() const { return state_.waiting; }
  // Deliveries in flight or ready for an attempt, of callbacks that work.
  [[nodiscard]] std::size_t active() const { return state_.active; }
  [[nodiscard]] const DeliveryTotals& totals() const { return state_.totals; }

 private:
  // Suspends a subscription whose filter its owner has no steps for.
  [[nodiscard]] bool matches_in_budget(SubscriptionQueue& queue, const Event& event,
                                       std::span<const std::string> owner_names);
  void set_owner(const SubscriptionQueue& queue);
  void remove_finished(SubscriptionQueue& queue, Timestamp now);

  EngineState state_;
};

}  // namespace sense

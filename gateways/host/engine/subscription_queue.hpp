// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gateways/host/engine/backlog.hpp"
#include "gateways/host/engine/checkpoint.hpp"
#include "gateways/host/engine/queue_scope.hpp"

namespace sense {

// The deliveries of one subscription: numbers them, and decides which to attempt and what an
// outcome means. Owns its backlog, which is there only while something is pending; idle it takes 64
// octets beside the subscription. Each input fills the engine's actions and sets the queue's timer.
// No I/O, no clock; one thread.
class SubscriptionQueue {
 public:
  using Key = PendingDeliveries::Key;
  using Suspension = CallbackHealth::Suspension;

  // Without a subscription: not in use.
  explicit SubscriptionQueue(SubscriptionRef subscription = nullptr, std::uint32_t handle = 0);

  [[nodiscard]] const QueueFacts& facts() const { return facts_; }
  // The event deliveries in the backlog.
  [[nodiscard]] WaitingBudget::Used waiting() const {
    if (!backlog_) return {};
    return {backlog_->deliveries().events(), backlog_->deliveries().octets()};
  }
  // It has ended, and nothing more is to be sent: its owner calls drop() and removes it.
  [[nodiscard]] bool finished() const {
    return facts_.ending && (!backlog_ || backlog_->deliveries().empty());
  }

  // ---- input

  // The subscription is new or has changed, or is created again after its end: then its numbers
  // start at 1.
  void put(SubscriptionRef subscription, EngineState& engine, Timestamp now);
  // The subscription has ended. With `notify` its callback is sent the reason, unless it was never
  // verified or is gone.
  void end(std::string reason, bool notify, EngineState& engine, Timestamp now);
  // An event that matches.
  void accept(const EventRef& event, EngineState& engine, Timestamp now);
  // See Engine::redrive().
  [[nodiscard]] Status redrive(const EventRef& event, EngineState& engine, Timestamp now);
  // REQUIRES: the attempt at this delivery was under way.
  void on_result(Key key, const Attempt& result, EngineState& engine, Timestamp now);
  void on_timer(EngineState& engine, Timestamp now) { dispatch({facts_, engine, now}); }
  // Its filter is too dear: it is to be suspended, and no event is matched until it is resumed.
  // What is pending is delivered.
  void suspend_for_filter(EngineState& engine);
  // Nothing is pending any more, without a gap.
  void drop(EngineState& engine, Timestamp now);

  // ---- checkpoints

  // What the next checkpoint has of it, of what was listed.
  [[nodiscard]] std::optional<SavedQueue> save(CheckpointTracker::AsOf as_of, EngineState& engine);
  [[nodiscard]] std::optional<SavedDelivery> save(Key key, CheckpointTracker::AsOf as_of,
                                                  EngineState& engine, Timestamp now);
  // That is stored: its event is released from memory, ...
  void release(Key key);
  // ... a window may be attempted, or whatever awaited a redriven number.
  void on_stored(Key key, EngineState& engine, Timestamp now);
  void on_stored(EngineState& engine, Timestamp now);

  void restore(const SavedQueue& saved);
  void restore(Key key, SavedDelivery saved, EngineState& engine, Timestamp now);
  // All is restored: attempts what is due.
  void restored(EngineState& engine, Timestamp now);

 private:
  Backlog& backlog(const QueueScope& in);
  void dispatch(const QueueScope& in);
  void on_failure(const std::string& answer, const QueueScope& in);
  void suspend(const QueueScope& in);
  [[nodiscard]] Suspension suspension() const;

  QueueFacts facts_;
  std::unique_ptr<Backlog> backlog_;
};

}  // namespace sense

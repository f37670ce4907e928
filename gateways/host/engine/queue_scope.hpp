// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "core/subscription/subscription.hpp"
#include "gateways/host/engine/actions.hpp"
#include "gateways/host/engine/checkpoint_tracker.hpp"
#include "gateways/host/engine/owners/filter_budget.hpp"
#include "gateways/host/engine/owners/waiting_budget.hpp"
#include "gateways/host/engine/queue/attempts.hpp"
#include "gateways/host/engine/queue/callback_health.hpp"
#include "gateways/host/engine/queue/queue_defaults.hpp"

// What the parts of the engine work on; the engine's thread alone.
namespace sense {

// Counts since the engine was made.
struct DeliveryTotals {
  std::uint64_t matched = 0, delivered = 0, retried = 0, dead_letters = 0, expired = 0, dropped = 0;
  std::uint64_t superseded = 0;  // by a newer one of the same source: coalesce latest
  std::uint64_t overflowed = 0;  // over backlog_max; also counted as dead letter or dropped
  std::uint64_t over_owner = 0;  // among them: over owner_waiting_max or owner_octets_max
};

// When each queue is to be dispatched next. The time of each is kept by its owner; MonoTime{} is
// none.
class QueueTimers {
 public:
  void move(std::uint32_t queue, MonoTime& at, MonoTime to) {
    if (at == to) return;
    if (at != MonoTime{}) timers_.erase({at, queue});
    at = to;
    if (to != MonoTime{}) timers_.emplace(to, queue);
  }
  [[nodiscard]] std::optional<MonoTime> next() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first;
  }
  // A queue whose time has come. Its owner moves it.
  [[nodiscard]] std::optional<std::uint32_t> due(MonoTime now) const {
    if (timers_.empty() || timers_.begin()->first > now) return std::nullopt;
    return timers_.begin()->second;
  }

 private:
  std::set<std::pair<MonoTime, std::uint32_t>> timers_;  // due, queue
};

// What all queues of one engine share. Owned by the engine.
struct EngineState {
  EngineState(QueueDefaults of_gateway, std::uint64_t seed)
      : defaults(std::move(of_gateway)), random(seed), filters(defaults.owner_filter_steps) {}

  QueueDefaults defaults;
  std::mt19937_64 random;
  CheckpointTracker tracker;
  Attempts attempts;
  QueueTimers timers;
  DeliveryTotals totals;
  WaitingBudget owners;
  FilterBudget filters;
  std::size_t unsaved = 0;  // events in memory that no checkpoint has
  std::size_t waiting = 0;  // deliveries
  std::size_t active = 0;   // among them: in flight or ready, of callbacks that work
  Actions actions;
  bool withdrawn = false;           // some of actions.deliver were closed again
  std::optional<MonoTime> started;  // after a restart; the time of an attempt before is unknown
};

// What is known of a subscription while nothing is pending. A million must fit in memory.
struct QueueFacts {
  SubscriptionRef subscription;  // null: not in use
  std::uint64_t next_number = 1;
  std::uint64_t windows = 0;  // closed so far
  CheckpointTracker::QueueMarks marks;
  std::uint32_t handle = 0;
  // While there is no backlog, whose CallbackHealth has it otherwise.
  CallbackHealth::Suspension suspension = CallbackHealth::Suspension::none;
  bool ending = false;
  bool gone = false;  // the callback is gone: no attempts until the subscription ends
  // Its filter takes more steps than its owner has: no event is matched until it is resumed.
  bool too_dear = false;
};

// One input of one queue. Refers to all of it, for the duration of a call.
struct QueueScope {
  QueueFacts& queue;
  EngineState& engine;
  Timestamp now;

  [[nodiscard]] const DeliveryOptions& options() const { return queue.subscription->delivery; }
  [[nodiscard]] const SparseOptions& sparse() const { return *options().sparse; }
  // Whether the owner may have an event with so many octets more waiting.
  [[nodiscard]] bool owner_has_room(std::uint64_t octets) const {
    const auto& [waiting_max, octets_max] =
        std::pair(engine.defaults.owner_waiting_max, engine.defaults.owner_octets_max);
    const auto used = engine.owners.used(queue.handle);
    return (waiting_max == 0 || used.deliveries < waiting_max) &&
           (octets_max == 0 || used.octets + octets <= octets_max);
  }
  void mark_changed() const { engine.tracker.on_change(queue.handle, queue.marks); }
  [[nodiscard]] std::uint64_t assign_number() const {
    engine.tracker.on_number(queue.handle, queue.marks);
    return queue.next_number++;
  }
};

}  // namespace sense

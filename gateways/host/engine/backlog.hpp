// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateways/host/engine/gap_list.hpp"
#include "gateways/host/engine/pending_deliveries.hpp"
#include "gateways/host/engine/queue/attempt_queue.hpp"
#include "gateways/host/engine/queue/callback_health.hpp"
#include "gateways/host/engine/queue/digest_window.hpp"

namespace sense {

// The part of a subscription's queue that exists only while deliveries are pending, the callback
// fails, or the next attempt is delayed: takes a delivery from its event to its end. Owns all of
// its deliveries; belongs to a SubscriptionQueue. Each input fills the engine's actions. No I/O, no
// clock; one thread. At most QueueDefaults::backlog_max events, and their gaps.
//
// A window may be attempted only when a stored checkpoint has its contents. Otherwise, after a
// crash, its events would be collected again together with others, and delivered twice under
// numbers that belonged to other events. The same holds for a redriven event, whose number is not
// derived from the journal: until then nothing of the subscription is attempted.
class Backlog {
 public:
  using Key = PendingDeliveries::Key;

  explicit Backlog(const QueueScope& in);

  // An event that matches. Beyond backlog_max, or what its owner may have waiting, it is a dead
  // letter, and its number a gap.
  void accept(const EventRef& event, const QueueScope& in);
  // The callback is sent the reason why the subscription has ended.
  void add_end_notice(std::string reason, const QueueScope& in);
  // Closes the open window, if there is one.
  void close_window(const QueueScope& in);
  // Attempts all that may be attempted now, then sets the queue's timer.
  void dispatch(const QueueScope& in);

  // An attempt is over; settle(), retry() or give_up() follows.
  void end_attempt(Key key);
  // It was delivered: so may be the gaps that were deferred.
  void settle(Key key, const QueueScope& in);
  // It is attempted again, or given up, by the schedule.
  void retry(Key key, const Attempt& result, const QueueScope& in);
  // It is never attempted again: its events are dead letters, and gaps. A gap itself is deferred,
  // unless it was rejected.
  void give_up(Key key, const std::string& reason, const std::string& answer, const QueueScope& in);
  // The callback works again: what waits for a retry is due now.
  void retry_all(const QueueScope& in);

  // Nothing is attempted before the checkpoint of this epoch is stored.
  void await_checkpoint(const QueueScope& in);
  // The last checkpoint taken is stored. False when that does not concern this queue, or delivery.
  [[nodiscard]] bool on_stored(const QueueScope& in);
  [[nodiscard]] bool on_stored(Key key, const QueueScope& in);
  // Takes over deliveries that were restored without their stages, and finds the stage of each.
  // REQUIRES: it has no others.
  void rebuild(PendingDeliveries restored, const QueueScope& in);

  // Removes all deliveries, attempts under way included, without a gap.
  void drop(const QueueScope& in);
  // Nothing would be lost with it but CallbackHealth::suspension().
  [[nodiscard]] bool idle(Timestamp now) const;
  [[nodiscard]] PendingDeliveries& deliveries() { return deliveries_; }
  [[nodiscard]] CallbackHealth& health() { return health_; }

 private:
  void schedule(Key key, const QueueScope& in);
  void collect(Key key, const QueueScope& in);
  [[nodiscard]] bool expire(Key key, const QueueScope& in);
  void attempt(Key key, const QueueScope& in);
  void remove(Key key, const QueueScope& in);
  void remove_with_members(Key key, const QueueScope& in);
  [[nodiscard]] AttemptQueue::Limits limits(const QueueScope& in);

  PendingDeliveries deliveries_;
  AttemptQueue attempts_;
  GapList gaps_;
  std::unique_ptr<DigestWindow> window_;  // the open one
  CallbackHealth health_;
  MonoTime next_window_{};          // not before: min-interval
  MonoTime timer_{};                // in EngineState::timers
  std::size_t active_ = 0;          // its share of EngineState::active
  std::uint32_t awaits_epoch_ = 0;  // 0: no checkpoint is awaited
};

}  // namespace sense

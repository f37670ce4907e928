// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateways/host/engine/attempts.hpp"
#include "gateways/host/engine/match_index.hpp"
#include "gateways/host/engine/queue_table.hpp"

namespace sense {

// The delivery engine: matches events to subscriptions, numbers deliveries, schedules attempts,
// retries, gives up and reports gaps. Pure: no I/O, no clock, one thread. What is to be done is
// returned as actions, what must survive a crash as a checkpoint. Each subscription has a queue of
// its own: a failing or slow callback does not delay others.
class Engine final : public ServedSubscriptions {
 public:
  // The delivery parameters of one gateway where a subscription does not set its own.
  struct Defaults {
    std::vector<Duration> pauses;  // after attempt 1, 2, ...; one more attempt than pauses
    std::uint32_t window = 8;
    std::uint32_t suspend_after = 0;  // consecutive failures; 0: never
    Duration suspend_over{0};
    std::size_t backlog_max = 100'000;  // per subscription queue
    // Deferred gaps per queue, each with its own reason; beyond, adjacent gaps are merged.
    std::size_t gaps_max = 64;
    Duration probe_first = std::chrono::minutes{1};  // doubles from probe to probe
    Duration probe_max = std::chrono::hours{1};
  };
  // Per queue, so many windows of deliveries may await a retry; beyond, no fresh one is attempted.
  static constexpr std::uint32_t retrying_windows = 16;

  Engine(Defaults defaults, std::uint64_t seed);

  // ---- input

  // A subscription that this host serves is new or has changed. An id that has ended before is a
  // new subscription: its numbers start at 1, and a pending end notice is dropped.
  void put(SubscriptionRef subscription, Timestamp now);
  // The subscription has ended: nothing more is attempted. With `notify`, its callback is sent the
  // reason, unless it was never verified or is gone.
  void end(const std::string& id, std::string reason, bool notify, Timestamp now);
  // The next event of the journal. REQUIRES: sequences ascend.
  void on_event(const EventRef& event, Timestamp now);
  void on_result(std::uint64_t attempt_id, const Attempt& attempt, Timestamp now);
  void on_timer(Timestamp now);
  [[nodiscard]] std::optional<MonoTime> next_timer() const;
  // Delivers the event of a dead letter again, under a new number, since its old one was reported
  // as a gap. The caller takes a checkpoint at once: until it is stored nothing of that
  // subscription is attempted, because after a crash the number could be given to another event.
  // Fails with notfound when the subscription is not served here, with badparam when the event has
  // expired, with noaccess when the owner may not see it (any more), and with nomoreroom when the
  // backlog is more than half full.
  [[nodiscard]] Status redrive(const std::string& id, const EventRef& event, Timestamp now);

  // ---- actions

  // Attempt `delivery`, then call on_result() with `attempt_id`. `delivery->event` is null when the
  // event was released from memory: load it by `sequence` first. The same holds for the contents of
  // a digest, whose own event is always null: digest_notice() makes it once the contents are
  // loaded.
  struct Deliver {
    std::uint64_t attempt_id = 0;
    std::uint64_t sequence = 0;
    std::shared_ptr<Delivery> delivery;
  };
  struct DeadLetter {
    std::string subscription;
    std::uint64_t number = 0;
    std::uint64_t sequence = 0;
    std::uint32_t attempts = 0;
    std::string reason;
    std::string answer;
    EventRef event;  // null when released
  };
  struct Suspension {
    std::string subscription;
    bool suspended = false;  // the callback works again
    std::string reason;
  };
  struct Actions {
    std::vector<Deliver> deliver;
    std::vector<DeadLetter> dead_letters;
    std::vector<std::string> gone;        // to end in the registry: the callback is gone
    std::vector<std::string> forget;      // subscriptions whose queue was removed
    std::vector<Suspension> suspensions;  // to write to the registry
    // A window was closed or a dead letter redriven. Neither may be attempted before it is stored,
    // since a crash could reproduce it differently. Take a checkpoint soon.
    bool checkpoint = false;

    [[nodiscard]] bool empty() const {
      return deliver.empty() && dead_letters.empty() && gone.empty() && forget.empty() &&
             suspensions.empty() && !checkpoint;
    }
  };
  [[nodiscard]] Actions take_actions();

  // ---- checkpoints

  struct SavedDelivery {
    std::string subscription;
    Delivery::Kind kind = Delivery::Kind::event;
    std::uint64_t number = 0;
    std::uint64_t number_last = 0;
    std::uint64_t sequence = 0;  // 0 for all but events
    std::uint32_t attempts = 0;
    WallTime due;
    std::optional<WallTime> expires;
    std::string reason;
    EventRef event;  // to be stored with it; null when already stored
    std::uint64_t group = 0;
    std::uint64_t window = 0;
    std::uint32_t octets = 0;
    WallTime not_before;
    WallTime first;  // attempt
  };
  struct SavedQueue {
    SubscriptionRef subscription;
    std::uint64_t next_number = 1;
    bool ending = false;
    std::uint64_t windows = 0;
    SubscriptionQueue::Suspension suspension = SubscriptionQueue::Suspension::none;
    bool only_number = false;  // only next_number has changed since it was stored
  };
  // The changes since the last checkpoint. Apply removals before insertions.
  struct Checkpoint {
    std::vector<std::string> queues_removed;
    std::vector<SavedQueue> queues;
    std::vector<std::pair<std::string, std::uint64_t>>
        deliveries_removed;                                           // queue, key of the delivery
    std::vector<std::pair<std::uint64_t, SavedDelivery>> deliveries;  // key, delivery
  };
  enum class AsOf : std::uint8_t { now, lagged };
  // A lagged checkpoint has the state as of the checkpoint before: without the events that arrived
  // since, most of which are delivered before the next one and need never be stored. After a crash
  // the journal repeats them, and they get the same numbers. REQUIRES: for `lagged`,
  // allow_lagged().
  [[nodiscard]] Checkpoint take_checkpoint(Timestamp now, AsOf as_of = AsOf::now);
  // True when, in this epoch, events were only accepted, attempted and delivered: a replay of the
  // journal reproduces that.
  [[nodiscard]] bool allow_lagged() const { return !not_replayable_; }
  // The last checkpoint taken is stored: events in it are released from memory, and windows in it
  // may be attempted.
  void stored(Timestamp now);
  void restore(SavedQueue queue);
  void restore(std::uint64_t key, SavedDelivery pending, Timestamp now);
  // All queues and deliveries are restored: attempts what is due.
  void restored(Timestamp now);

  // ---- queries

  [[nodiscard]] SubscriptionRef find(std::string_view id) const override;
  [[nodiscard]] std::size_t count() const override { return queues_.size(); }
  // Counted by hash: a collision makes it too high.
  [[nodiscard]] std::size_t count_for(std::string_view callback) const override;
  // The topics to follow on the bus; "{" alone when they would be more than `max` prefixes.
  [[nodiscard]] std::vector<std::string> topic_prefixes(std::size_t max) const {
    return index_.topic_prefixes(max);
  }
  // All served subscriptions, ordered by id.
  [[nodiscard]] std::vector<SubscriptionRef> subscriptions() const;
  // Events held in memory because no checkpoint has them yet.
  [[nodiscard]] std::size_t unsaved() const { return unsaved_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  // Deliveries in flight or ready for an attempt, of callbacks that work.
  [[nodiscard]] std::size_t active() const { return active_; }
  // The event deliveries in the backlog of one subscription.
  [[nodiscard]] std::size_t waiting_for(std::string_view id) const;

  struct Totals {
    std::uint64_t matched = 0, delivered = 0, retried = 0, dead_letters = 0, expired = 0,
                  dropped = 0;
    std::uint64_t superseded = 0;  // by a newer one of the same source: coalesce latest
    std::uint64_t overflowed = 0;  // over backlog_max; also counted as dead letter or dropped
  };
  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  using Key = std::uint64_t;
  using Stage = PendingDelivery::Stage;

  // engine.cpp: queues
  void apply_registry_state(SubscriptionQueue& queue, SubscriptionState before, Timestamp now);
  void index_subscription(const SubscriptionQueue& queue);
  void unindex_subscription(const SubscriptionQueue& queue);
  void drop_backlog(SubscriptionQueue& queue, Timestamp now);
  void remove_queue(SubscriptionQueue& queue);
  void mark_changed(SubscriptionQueue& queue);
  void mark_dirty(SubscriptionQueue& queue);
  [[nodiscard]] std::uint64_t assign_number(SubscriptionQueue& queue);
  [[nodiscard]] Backlog& backlog_of(SubscriptionQueue& queue) const;

  // engine_match.cpp: events become pending deliveries
  void find_candidates(const Event& event);
  void accept(SubscriptionQueue& queue, const EventRef& event, Timestamp now);
  void overflow(SubscriptionQueue& queue, const EventRef& event, Timestamp now);
  Key add_pending(SubscriptionQueue& queue, PendingDelivery pending);
  void mark_dirty(const SubscriptionQueue& queue, Key key, PendingDelivery& pending);
  void remove_pending(SubscriptionQueue& queue, Key key, Timestamp now);
  void schedule(SubscriptionQueue& queue, Key key, PendingDelivery& pending, Timestamp now);
  void enqueue(SubscriptionQueue& queue, Key key, PendingDelivery& pending, Timestamp now);

  // engine_schedule.cpp: when to attempt what
  void dispatch(SubscriptionQueue& queue, Timestamp now);
  void count_active(SubscriptionQueue& queue, std::size_t count);
  void release_held(SubscriptionQueue& queue, Timestamp now);
  [[nodiscard]] std::optional<Key> next_key(SubscriptionQueue& queue, Timestamp now) const;
  [[nodiscard]] std::optional<Key> next_probe(SubscriptionQueue& queue, Timestamp now) const;
  void attempt(SubscriptionQueue& queue, Key key, Timestamp now);
  [[nodiscard]] static std::shared_ptr<Delivery> delivery_of(const SubscriptionQueue& queue,
                                                             const PendingDelivery& pending,
                                                             Timestamp now);
  [[nodiscard]] bool expire(SubscriptionQueue& queue, Key key, Timestamp now);
  void set_timer(SubscriptionQueue& queue, Timestamp now);
  [[nodiscard]] std::optional<MonoTime> next_attempt(const SubscriptionQueue& queue,
                                                     Timestamp now) const;
  [[nodiscard]] std::uint32_t window(const SubscriptionQueue& queue) const;
  void await_checkpoint(SubscriptionQueue& queue);

  // engine_digest.cpp: what is collected and delivered together
  void join_window(SubscriptionQueue& queue, Key key, PendingDelivery& pending, Timestamp now);
  [[nodiscard]] bool supersede(SubscriptionQueue& queue, Key key, PendingDelivery& pending,
                               Timestamp now);
  [[nodiscard]] std::optional<MonoTime> window_closes(const SubscriptionQueue& queue,
                                                      Timestamp now) const;
  [[nodiscard]] static bool window_full(const SubscriptionQueue& queue);
  void close_window(SubscriptionQueue& queue, Timestamp now);
  void add_to_digest(SubscriptionQueue& queue, std::vector<Key> members);
  static void set_digest_numbers(const SubscriptionQueue& queue, PendingDelivery& digest);
  void seal(SubscriptionQueue& queue, Key key, PendingDelivery& pending);
  [[nodiscard]] bool expire_members(SubscriptionQueue& queue, Key digest, Timestamp now);
  void remove_with_members(SubscriptionQueue& queue, Key key, Timestamp now);

  // engine_results.cpp: outcomes of attempts
  void on_outcome(SubscriptionQueue& queue, Key key, const Attempt& result, Timestamp now);
  void callback_responded(SubscriptionQueue& queue, Timestamp now);
  void callback_failed(SubscriptionQueue& queue, const std::string& answer, Timestamp now);
  void suspend(SubscriptionQueue& queue, Timestamp now);
  void retry(SubscriptionQueue& queue, Key key, const Attempt& result, Timestamp now);
  void give_up(SubscriptionQueue& queue, Key key, const std::string& reason,
               const std::string& answer, Timestamp now);
  void dead_letter(const SubscriptionQueue& queue, const PendingDelivery& pending,
                   std::uint32_t attempts, const std::string& reason, const std::string& answer);
  [[nodiscard]] bool exhausted(const SubscriptionQueue& queue, const PendingDelivery& pending,
                               Timestamp now) const;
  void add_gap(SubscriptionQueue& queue, std::uint64_t number, const std::string& reason,
               Timestamp now);
  void defer_gap(SubscriptionQueue& queue, Key key, Timestamp now);
  [[nodiscard]] bool merge_with_deferred(SubscriptionQueue& queue, const PendingDelivery& gap,
                                         Timestamp now);
  [[nodiscard]] bool mergeable(const SubscriptionQueue& queue, const PendingDelivery& left,
                               const PendingDelivery& right) const;
  static void resume_gaps(SubscriptionQueue& queue);

  // engine_checkpoint.cpp
  [[nodiscard]] std::vector<SavedQueue> save_queues(AsOf as_of);
  [[nodiscard]] SavedDelivery saved_form(const SubscriptionQueue& queue,
                                         const PendingDelivery& pending, Timestamp now) const;
  void rebuild(SubscriptionQueue& queue, Timestamp now);
  void rebuild_pending(SubscriptionQueue& queue, Key key, PendingDelivery& pending, Timestamp now);
  static void rejoin_window(SubscriptionQueue& queue, Key key, PendingDelivery& pending,
                            Timestamp now);
  void resume_after_checkpoint(Timestamp now);

  Defaults defaults_;
  std::mt19937_64 random_;
  QueueTable queues_;
  MatchIndex index_;
  std::unordered_map<std::uint64_t, std::uint32_t> callbacks_;  // hash, how many
  Attempts attempts_;
  std::set<std::pair<MonoTime, std::uint32_t>> timers_;  // due, queue
  std::vector<std::uint32_t> candidates_;                // of the current event
  std::size_t unsaved_ = 0;
  std::size_t waiting_ = 0;
  std::size_t active_ = 0;
  Totals totals_;
  Actions actions_;
  bool withdrawn_ = false;            // some of actions_.deliver were closed again
  std::optional<MonoTime> restored_;  // when; the time of the last attempt before is unknown

  // For the next checkpoint. A handle or key may have been reused meanwhile: the dirty flag
  // decides.
  using PendingId = std::pair<std::uint32_t, Key>;
  std::uint32_t epoch_ = 1;          // checkpoint epoch: ends with each checkpoint
  std::uint64_t last_sequence_ = 0;  // of the last event
  std::uint64_t last_sequence_at_epoch_start_ = 0;
  bool not_replayable_ = false;  // in this epoch: see allow_lagged()
  std::vector<std::uint32_t> dirty_queues_;
  std::set<std::string> removed_queues_;
  std::vector<PendingId> dirty_deliveries_;
  std::vector<std::pair<std::string, Key>> removed_deliveries_;
  std::vector<PendingId> releasable_;
  std::vector<PendingId> not_durable_;
  std::vector<std::uint32_t> queues_awaiting_checkpoint_;
};

}  // namespace sense

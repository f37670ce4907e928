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

// The delivery engine: matches events to subscriptions, numbers deliveries, says when to attempt
// what, counts, gives up, and tells gaps. Pure: no I/O, no clock, one thread; what is to be done
// comes out as actions, what must survive a crash as a checkpoint. Each subscription is a lane of
// its own: a dead or slow callback delays nobody else.
class Engine final : public ServedSubscriptions {
 public:
  // How one gateway's schemes are delivered when a subscription does not say.
  struct Defaults {
    std::vector<Duration> pauses;  // after attempt 1, 2, ...; one more attempt than pauses
    std::uint32_t window = 8;
    std::uint32_t suspend_after = 0;  // failures in a row; 0: never
    Duration suspend_over{0};
    std::size_t backlog_max = 100'000;  // deliveries of one lane that may wait
    // Gaps of one lane that wait, each with a reason of its own: beyond, neighbours become one.
    std::size_t gaps_max = 64;
    Duration probe_first = std::chrono::minutes{1};  // doubles from probe to probe
    Duration probe_max = std::chrono::hours{1};
  };
  static constexpr Duration pause_max = std::chrono::hours{24};
  static constexpr std::uint32_t jitter_percent = 10;
  static constexpr std::uint32_t ended_attempts_max = 4;
  // How many deliveries of one lane may wait for another attempt before fresh ones wait too.
  static constexpr std::uint32_t retrying_windows = 16;

  Engine(Defaults defaults, std::uint64_t seed);

  // ---- what happens

  // A subscription that this host serves is new or has changed. One with the id of an ended one is
  // new: it is numbered from 1 again, and of the end nobody is told any more.
  void put(SubscriptionRef subscription, Timestamp now);
  // It has ended: nothing more is attempted. With `tell`, its callback is told the reason, unless
  // it never was verified or is gone.
  void end(const std::string& id, std::string reason, bool tell, Timestamp now);
  // The next event of the journal; sequences ascend.
  void on_event(const EventRef& event, Timestamp now);
  void on_result(std::uint64_t ticket, const Attempt& attempt, Timestamp now);
  void on_timer(Timestamp now);
  [[nodiscard]] std::optional<MonoTime> next_timer() const;
  // An event that was given up is to be delivered after all: with a new number, since its old one
  // was told to be missing. Take a checkpoint at once: until it is stored nothing is attempted for
  // that subscription, because after a crash the numbers would be those of other events. Fails with
  // notfound when the subscription is not served here, with badparam when the event has expired,
  // with noaccess when the owner may not see it (any more), and with nomoreroom when so much waits
  // for the subscription that there must be room for what is new.
  [[nodiscard]] Status redrive(const std::string& id, const EventRef& event, Timestamp now);

  // ---- what to do

  // Attempt `delivery`, then call on_result with the ticket. `delivery->event` is null when the
  // event was released: load it by `sequence` first. So it may be in the contents of a digest,
  // whose own event is always null: digest_notice() makes it once the contents are loaded.
  struct Deliver {
    std::uint64_t ticket = 0;
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
    bool suspended = false;  // false: its callback answers again
    std::string reason;
  };
  struct Actions {
    std::vector<Deliver> deliver;
    std::vector<DeadLetter> dead;
    std::vector<std::string> gone;  // subscriptions to end in the registry: the callback is no more
    std::vector<std::string> forget;      // lanes that are no more
    std::vector<Suspension> suspensions;  // to be written into the registry
    // A window was closed, or a dead letter redriven: that must be stored before it may be
    // attempted, or a crash would let it come about otherwise. Take a checkpoint soon.
    bool checkpoint = false;

    [[nodiscard]] bool empty() const {
      return deliver.empty() && dead.empty() && gone.empty() && forget.empty() &&
             suspensions.empty() && !checkpoint;
    }
  };
  [[nodiscard]] Actions take_actions();

  // ---- what survives

  struct SavedItem {
    std::string subscription;
    Delivery::Kind kind = Delivery::Kind::event;
    std::uint64_t number = 0;
    std::uint64_t number_last = 0;
    std::uint64_t sequence = 0;  // 0 for all but events
    std::uint32_t attempts = 0;
    WallTime due;
    std::optional<WallTime> expires;
    std::string reason;
    EventRef event;  // what is to be stored with it; null when it is stored already
    std::uint64_t group = 0;
    std::uint64_t window = 0;
    std::uint32_t octets = 0;
    WallTime not_before;
    WallTime first;  // attempt
  };
  struct SavedLane {
    SubscriptionRef subscription;
    std::uint64_t next_number = 1;
    bool ending = false;
    std::uint64_t windows = 0;
    Lane::Suspension suspension = Lane::Suspension::none;
    bool only_number = false;  // nothing else has changed since it was stored
  };
  // What has changed since the last checkpoint. Removals come before insertions.
  struct Checkpoint {
    std::vector<std::string> lanes_removed;
    std::vector<SavedLane> lanes;
    std::vector<std::pair<std::string, std::uint64_t>> items_removed;  // lane, key of the item
    std::vector<std::pair<std::uint64_t, SavedItem>> items;            // key, item
  };
  enum class AsOf : std::uint8_t { now, checkpoint_before };
  // As of the checkpoint before, nothing is in it of the events that came later: most of them will
  // be delivered before the next one, and need never be stored. After a crash they come again, and
  // get the same numbers. REQUIRES: then may_look_back().
  [[nodiscard]] Checkpoint take_checkpoint(Timestamp now, AsOf as_of = AsOf::now);
  // Whether nothing has happened since the checkpoint before but that events came, were attempted
  // and delivered.
  [[nodiscard]] bool may_look_back() const { return !more_happened_; }
  // The checkpoint that was taken last is stored: events that wait need not stay in memory, and
  // windows that it holds may be attempted.
  void stored(Timestamp now);
  void restore(SavedLane lane);
  void restore(std::uint64_t key, SavedItem item, Timestamp now);
  // All lanes and items are restored: attempt what is due.
  void restored(Timestamp now);

  // ---- what there is

  [[nodiscard]] SubscriptionRef find(std::string_view id) const override;
  [[nodiscard]] std::size_t count() const override { return lanes_.size(); }
  // By a hash: it may, once in an age, be too high.
  [[nodiscard]] std::size_t count_for(std::string_view callback) const override;
  // What to follow on the bus; "{" alone when that would be more than `max` prefixes.
  [[nodiscard]] std::vector<std::string> topic_prefixes(std::size_t max) const {
    return index_.topic_prefixes(max);
  }
  // All served subscriptions, ordered by id.
  [[nodiscard]] std::vector<SubscriptionRef> subscriptions() const;
  // Events held in memory because they are in no checkpoint yet.
  [[nodiscard]] std::size_t unsaved() const { return unsaved_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  // Deliveries that wait for nothing but their turn or an answer, of callbacks that work.
  [[nodiscard]] std::size_t flowing() const { return flowing_; }
  // Events that wait for one subscription.
  [[nodiscard]] std::size_t waiting_for(std::string_view id) const;

  struct Totals {
    std::uint64_t matched = 0, delivered = 0, retried = 0, dead = 0, expired = 0, dropped = 0;
    std::uint64_t superseded = 0;  // by a newer one of the same source: coalesce latest
    std::uint64_t overflowed = 0;  // over backlog_max; among the dead, or dropped
  };
  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  using Key = std::uint64_t;
  using Stage = Item::Stage;

  // engine.cpp: lanes
  void follow_state(Lane& lane, SubscriptionState before, Timestamp now);
  void start_matching(const Lane& lane);
  void stop_matching(const Lane& lane);
  void drop_items(Lane& lane, Timestamp now);
  void drop_lane(Lane& lane);
  void mark(Lane& lane);
  void list(Lane& lane);
  [[nodiscard]] std::uint64_t give_number(Lane& lane);
  [[nodiscard]] Work& work(Lane& lane) const;

  // engine_match.cpp: events become items
  void find_candidates(const Event& event);
  void take(Lane& lane, const EventRef& event, Timestamp now);
  void overflow(Lane& lane, const EventRef& event, Timestamp now);
  Key add_item(Lane& lane, Item item);
  void touch(const Lane& lane, Key key, Item& item);
  void remove_item(Lane& lane, Key key, Timestamp now);
  void schedule(Lane& lane, Key key, Item& item, Timestamp now);
  void arrive(Lane& lane, Key key, Item& item, Timestamp now);

  // engine_schedule.cpp: what is attempted when
  void pump(Lane& lane, Timestamp now);
  void count_flowing(Lane& lane, std::size_t count);
  void let_go(Lane& lane, Timestamp now);
  [[nodiscard]] std::optional<Key> next_key(Lane& lane, Timestamp now) const;
  [[nodiscard]] std::optional<Key> next_probe(Lane& lane, Timestamp now) const;
  void attempt(Lane& lane, Key key, Timestamp now);
  [[nodiscard]] static std::shared_ptr<Delivery> delivery_of(const Lane& lane, const Item& item,
                                                             Timestamp now);
  [[nodiscard]] bool expire(Lane& lane, Key key, Timestamp now);
  void set_timer(Lane& lane, Timestamp now);
  [[nodiscard]] std::optional<MonoTime> next_attempt(const Lane& lane, Timestamp now) const;
  [[nodiscard]] std::uint32_t window(const Lane& lane) const;
  void wait_for_store(Lane& lane);

  // engine_windows.cpp: what is collected and delivered together
  void join_window(Lane& lane, Key key, Item& item, Timestamp now);
  [[nodiscard]] bool supersede(Lane& lane, Key key, Item& item, Timestamp now);
  [[nodiscard]] std::optional<MonoTime> window_closes(const Lane& lane, Timestamp now) const;
  [[nodiscard]] static bool window_full(const Lane& lane);
  void close_window(Lane& lane, Timestamp now);
  void enclose(Lane& lane, std::vector<Key> members);
  static void tell_numbers(const Lane& lane, Item& digest);
  void fix(Lane& lane, Key key, Item& item);
  [[nodiscard]] bool expire_members(Lane& lane, Key digest, Timestamp now);
  void remove_with_members(Lane& lane, Key key, Timestamp now);

  // engine_results.cpp: what became of it
  void on_answer(Lane& lane, Key key, const Attempt& result, Timestamp now);
  void answered(Lane& lane, Timestamp now);
  void failed(Lane& lane, const std::string& answer, Timestamp now);
  void suspend(Lane& lane, Timestamp now);
  void retry(Lane& lane, Key key, const Attempt& result, Timestamp now);
  void give_up(Lane& lane, Key key, const std::string& reason, const std::string& answer,
               Timestamp now);
  void bury(const Lane& lane, const Item& item, std::uint32_t attempts, const std::string& reason,
            const std::string& answer);
  [[nodiscard]] Duration pause_after(const Lane& lane, std::uint32_t attempts);
  [[nodiscard]] bool exhausted(const Lane& lane, const Item& item, Timestamp now) const;
  void add_gap(Lane& lane, std::uint64_t number, const std::string& reason, Timestamp now);
  void park(Lane& lane, Key key, Timestamp now);
  [[nodiscard]] bool join_parked(Lane& lane, const Item& gap, Timestamp now);
  [[nodiscard]] bool may_join(const Lane& lane, const Item& left, const Item& right) const;
  static void unpark(Lane& lane);

  // engine_checkpoint.cpp
  [[nodiscard]] std::vector<SavedLane> save_lanes(AsOf as_of);
  [[nodiscard]] SavedItem saved_form(const Lane& lane, const Item& item, Timestamp now) const;
  void arrange(Lane& lane, Timestamp now);
  void arrange_item(Lane& lane, Key key, Item& item, Timestamp now);
  static void rejoin_window(Lane& lane, Key key, Item& item, Timestamp now);
  void go_on_stored(Timestamp now);

  Defaults defaults_;
  std::mt19937_64 random_;
  LaneTable lanes_;
  MatchIndex index_;
  std::unordered_map<std::uint64_t, std::uint32_t> callbacks_;  // hash, how many
  Tickets tickets_;
  std::set<std::pair<MonoTime, std::uint32_t>> timers_;  // due, lane
  std::vector<std::uint32_t> candidates_;                // of the event at hand
  std::size_t unsaved_ = 0;
  std::size_t waiting_ = 0;
  std::size_t flowing_ = 0;
  Totals totals_;
  Actions actions_;
  bool withdrawn_ = false;            // some of actions_.deliver are void
  std::optional<MonoTime> restored_;  // what came before is not known to the last instant

  // For the next checkpoint. Handles and keys may have become others': flags tell.
  using Place = std::pair<std::uint32_t, Key>;
  std::uint32_t round_ = 1;        // ends with each checkpoint
  std::uint64_t seen_ = 0;         // the last event's sequence
  std::uint64_t seen_before_ = 0;  // when the round began
  bool more_happened_ = false;     // in this round, than may_look_back() allows
  std::vector<std::uint32_t> dirty_lanes_;
  std::set<std::string> removed_lanes_;
  std::vector<Place> dirty_items_;
  std::vector<std::pair<std::string, Key>> removed_items_;
  std::vector<Place> releasable_;
  std::vector<Place> unfixed_;
  std::vector<std::uint32_t> unstored_lanes_;
};

}  // namespace sense

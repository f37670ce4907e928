#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateways/api/gateway.hpp"
#include "gateways/host/match_index.hpp"

namespace sense {

// The delivery engine: matches events to subscriptions, numbers deliveries, says when to attempt
// what, counts, gives up, and tells gaps. Pure: no I/O, no clock, one thread; what is to be done
// comes out as actions, what must survive a crash as a checkpoint. Each subscription is a lane of
// its own: a dead or slow callback delays nobody else.
class Engine {
 public:
  // How one gateway's schemes are delivered when a subscription does not say.
  struct Defaults {
    std::vector<Duration> pauses;  // after attempt 1, 2, ...; one more attempt than pauses
    std::uint32_t window = 8;
  };
  static constexpr Duration pause_max = std::chrono::hours{24};
  static constexpr std::uint32_t ended_attempts_max = 4;
  // How many deliveries of one lane may wait for another attempt before fresh ones wait too.
  static constexpr std::uint32_t retrying_windows = 16;

  Engine(Defaults defaults, std::uint64_t seed);

  // ---- what happens

  // A subscription that this host serves is new or has changed. One with the id of an ended one is
  // new: it is numbered from 1 again, and of the end nobody is told any more.
  void put(SubscriptionRef subscription, Now now);
  // It has ended: nothing more is attempted. With `tell`, its callback is told the reason, unless
  // it never was verified or is gone.
  void end(const std::string& id, std::string reason, bool tell, Now now);
  // The next event of the journal; sequences ascend.
  void on_event(const EventRef& event, Now now);
  void on_result(std::uint64_t ticket, const Attempt& attempt, Now now);
  void on_timer(Now now);
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // ---- what to do

  // Attempt `delivery`, then call on_result with the ticket. `delivery->event` is null when the
  // event was released: load it by `sequence` first.
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
  struct Actions {
    std::vector<Deliver> deliver;
    std::vector<DeadLetter> dead;
    std::vector<std::string> gone;  // subscriptions to end in the registry: the callback is no more
    std::vector<std::string> forget;  // lanes that are no more
  };
  [[nodiscard]] Actions take_actions();

  // ---- what survives

  struct SavedItem {
    std::string subscription;
    Delivery::Kind kind = Delivery::Kind::event;
    std::uint64_t number = 0;
    std::uint64_t number_last = 0;
    std::uint64_t sequence = 0;  // 0 for gap and ended
    std::uint32_t attempts = 0;
    WallTime due;
    std::optional<WallTime> expires;
    std::string reason;
    EventRef event;  // what is to be stored with it; null when it is stored already
  };
  struct SavedLane {
    SubscriptionRef subscription;
    std::uint64_t next_number = 1;
    bool ending = false;
  };
  // What has changed since the last checkpoint. Removals come before insertions.
  struct Checkpoint {
    std::vector<std::string> lanes_removed;
    std::vector<SavedLane> lanes;
    std::vector<std::pair<std::string, std::uint64_t>> items_removed;  // lane, key of the item
    std::vector<std::pair<std::uint64_t, SavedItem>> items;            // key, item
  };
  [[nodiscard]] Checkpoint take_checkpoint(Now now);
  // The checkpoint is stored: events that wait need not stay in memory.
  void release();
  void restore(SavedLane lane);
  void restore(std::uint64_t key, SavedItem item, Now now);
  // All lanes and items are restored: attempt what is due.
  void restored(Now now);

  // ---- what there is

  [[nodiscard]] SubscriptionRef find(std::string_view id) const;
  [[nodiscard]] std::size_t count() const { return lanes_.size(); }
  [[nodiscard]] std::size_t count_for(std::string_view callback) const;
  // What to follow on the bus; "{" alone when that would be more than `max` prefixes.
  [[nodiscard]] std::vector<std::string> topic_prefixes(std::size_t max) const {
    return index_.topic_prefixes(max);
  }
  // All served subscriptions, ordered by id.
  [[nodiscard]] std::vector<SubscriptionRef> subscriptions() const;
  // Events held in memory because they are in no checkpoint yet.
  [[nodiscard]] std::size_t unsaved() const { return unsaved_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

  struct Totals {
    std::uint64_t matched = 0, delivered = 0, retried = 0, dead = 0, expired = 0, dropped = 0;
  };
  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  // One delivery that is not done. Its key orders a lane's items: they are attempted in that order.
  struct Item {
    Delivery::Kind kind = Delivery::Kind::event;
    std::uint64_t number = 0;
    std::uint64_t number_last = 0;
    std::uint64_t sequence = 0;
    std::uint32_t attempts = 0;
    std::uint64_t ticket = 0;  // while an attempt is under way
    MonoTime due{};
    std::optional<WallTime> expires;
    EventRef event;
    std::string reason;
    bool saved = false;  // it stands in the last checkpoint
    bool dirty = false;  // it is to be in the next one
  };
  struct Lane {
    SubscriptionRef subscription;
    std::uint64_t next_number = 1;
    std::uint64_t next_key = 1;
    std::map<std::uint64_t, Item> items;
    std::deque<std::uint64_t> fresh;                       // keys never attempted, in order
    std::set<std::pair<MonoTime, std::uint64_t>> retries;  // due, key
    std::vector<std::uint64_t> parked;  // gaps that wait for a callback that works
    std::uint32_t in_flight = 0;
    bool ending = false;
    bool gone = false;  // its callback said so: nothing more is attempted until the end comes
    bool saved = false;
    bool dirty = false;
    MonoTime timer{};  // where it stands in timers_; the epoch: nowhere
  };
  using Lanes = std::map<std::string, Lane, std::less<>>;
  struct Ticket {
    std::string lane;
    std::uint64_t key = 0;
  };

  void stop_matching(const Subscription& subscription);
  void add_item(Lane& lane, Item item);
  void touch(const std::string& id, std::uint64_t key, Item& item);
  void remove_item(const std::string& id, Lane& lane, std::uint64_t key);
  void add_gap(const std::string& id, Lane& lane, std::uint64_t number, std::string reason);
  void park(const std::string& id, Lane& lane, std::uint64_t key);
  [[nodiscard]] bool join_parked(const std::string& id, Lane& lane, const Item& gap);
  static void unpark(Lane& lane);
  [[nodiscard]] static bool may_attempt(const Lane& lane);
  void pump(const std::string& id, Lane& lane, Now now);
  [[nodiscard]] std::optional<std::uint64_t> next_key(Lane& lane, Now now) const;
  void attempt(const std::string& id, Lane& lane, std::uint64_t key, Now now);
  [[nodiscard]] bool expire(const std::string& id, Lane& lane, std::uint64_t key, Now now);
  void give_up(const std::string& id, Lane& lane, std::uint64_t key, std::string reason,
               std::string answer);
  void retry(const std::string& id, Lane& lane, std::uint64_t key, const Attempt& result, Now now);
  void set_timer(const std::string& id, Lane& lane);
  void drop_items(const std::string& id, Lane& lane);
  void drop_lane(const std::string& id);
  [[nodiscard]] Duration pause_after(const Lane& lane, std::uint32_t attempts);
  [[nodiscard]] std::uint32_t attempts_max(const Lane& lane, const Item& item) const;
  [[nodiscard]] std::uint32_t window(const Lane& lane) const;
  [[nodiscard]] static EventRef notice(const Lane& lane, const Item& item, Now now);

  Defaults defaults_;
  std::mt19937_64 random_;
  Lanes lanes_;
  MatchIndex index_;
  std::map<std::string, std::size_t, std::less<>> callbacks_;
  std::unordered_map<std::uint64_t, Ticket> tickets_;
  std::set<std::pair<MonoTime, std::string>> timers_;
  std::uint64_t next_ticket_ = 1;
  std::size_t unsaved_ = 0;
  std::size_t waiting_ = 0;
  Totals totals_;
  Actions actions_;
  bool withdrawn_ = false;  // some of actions_.deliver are void

  // For the next checkpoint.
  std::set<std::string> dirty_lanes_;
  std::set<std::string> removed_lanes_;
  std::set<std::pair<std::string, std::uint64_t>> dirty_items_;
  std::set<std::pair<std::string, std::uint64_t>> removed_items_;
  std::vector<std::pair<std::string, std::uint64_t>> releasable_;
};

}  // namespace sense

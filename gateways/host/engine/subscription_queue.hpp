// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/check.hpp"
#include "gateways/api/gateway.hpp"

// What the engine keeps for one subscription. Plain data: the engine's own.
namespace sense {

// One delivery that is not done. Its key orders a lane's items.
struct Item {
  // Where a delivery stands.
  enum class Stage : std::uint8_t {
    blocked,     // behind an earlier one of the same source
    held,        // until its time has come
    collecting,  // in the open window
    enclosed,    // in a closed window, whose digest speaks for it
    unfixed,     // a closed window that stands in no stored checkpoint yet
    fresh,       // to be attempted, in order
    in_flight,
    retrying,  // until its next attempt is due
    parked,    // a gap that waits for a callback that works
  };
  Delivery::Kind kind = Delivery::Kind::event;
  Stage stage = Stage::fresh;
  bool saved = false;         // it stands in the last checkpoint
  bool dirty = false;         // it is to be in the next one
  bool event_saved = false;   // its event is in the last checkpoint, or in one before
  bool ordered = false;       // it stands in Work::order
  bool whole_window = false;  // it is a digest, or the only event of its window
  std::uint32_t attempts = 0;
  std::uint32_t octets = 0;  // of the event's data
  std::uint64_t number = 0;  // 0: not yet given
  std::uint64_t number_last = 0;
  std::uint64_t sequence = 0;
  std::uint64_t group = 0;   // of its source, where order or coalescing ask for it
  std::uint64_t window = 0;  // that it was collected in
  std::uint64_t ticket = 0;  // while an attempt is under way
  MonoTime due{};            // of a retry; when it joined, while it is collected
  MonoTime first{};          // its first attempt
  WallTime not_before{};
  WallTime expires = WallTime::max();
  EventRef event;  // null: in the store
  // What few have: why a gap or an end; the keys of what a digest holds.
  struct More {
    std::string reason;
    std::vector<std::uint64_t> members;
  };
  Seldom<More> more;
};

// Keys, first in, first out.
class KeyQueue {
 public:
  [[nodiscard]] bool empty() const { return head_ == keys_.size(); }
  [[nodiscard]] std::size_t size() const { return keys_.size() - head_; }
  [[nodiscard]] std::uint64_t front() const { return keys_[head_]; }
  [[nodiscard]] std::uint64_t back() const { return keys_.back(); }
  void push(std::uint64_t key) { keys_.push_back(key); }
  void pop() {
    if (++head_ < keys_.size() && head_ < tidy_after) return;
    keys_.erase(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  void clear() {
    keys_.clear();
    head_ = 0;
  }

 private:
  static constexpr std::size_t tidy_after = 1024;
  std::vector<std::uint64_t> keys_;
  std::size_t head_ = 0;
};

// Events that are collected for one delivery.
struct OpenWindow {
  MonoTime opened{};
  WallTime opened_wall{};
  std::uint64_t octets = 0;
  std::vector<std::uint64_t> members;  // keys
  // Where the one of a group stands among them: it may have to make room for a newer one.
  std::unordered_map<std::uint64_t, std::size_t> places;

  void add(std::uint64_t key, std::uint64_t group) {
    if (group != 0) places.try_emplace(group, members.size());
    members.push_back(key);
  }
};

// What a lane needs only while something waits, or while its next attempt is not free to be made.
struct Work {
  using Timed = std::set<std::pair<MonoTime, std::uint64_t>>;  // due, key
  std::map<std::uint64_t, Item> items;
  std::size_t events = 0;   // among them
  std::size_t flowing = 0;  // as the engine counts them
  std::uint64_t next_key = 1;
  KeyQueue fresh;
  Timed retries;
  Timed held;
  std::set<std::pair<std::uint64_t, std::uint64_t>> order;  // group, key: the first one goes
  std::map<std::uint64_t, std::uint64_t> parked;            // first number, key
  std::unique_ptr<OpenWindow> open;
  std::uint32_t windows_pending = 0;  // closed and not settled
  std::uint32_t in_flight = 0;
  std::uint32_t failures = 0;        // in a row
  bool unstored = false;             // a number was given that stands in no stored checkpoint yet
  std::uint32_t unstored_since = 0;  // round
  MonoTime failing_since{};
  MonoTime next_attempt{};  // not before: rate
  MonoTime next_window{};   // not before: min-interval
  MonoTime next_probe{};    // while suspended
  Duration probe_pause{0};
  MonoTime timer{};  // where it stands among the engine's timers; the epoch: nowhere

  Item& item(std::uint64_t key) {
    const auto found = items.find(key);
    SENSE_CHECK(found != items.end());
    return found->second;
  }
};

// One subscription: a dead or slow callback delays nobody else.
struct Lane {
  // What the engine thinks of the callback; the registry follows.
  enum class Suspension : std::uint8_t {
    none,
    suspended,  // only probed
    resumed,    // served again; the registry may still say suspended
  };
  SubscriptionRef subscription;  // null: nobody's
  std::uint64_t next_number = 1;
  std::uint64_t windows = 0;  // closed so far
  std::unique_ptr<Work> work;
  std::uint32_t handle = 0;
  Suspension suspension = Suspension::none;
  bool ending = false;
  bool gone = false;  // its callback said so: nothing more is attempted until the end comes
  bool saved = false;
  bool dirty = false;    // it is to be in the next checkpoint
  bool changed = false;  // and not for its next number alone
  // What a checkpoint as of the one before needs to know.
  bool clean_before = false;        // when `round` began, nothing of it was to be stored
  std::uint32_t round = 0;          // in which it last gave a number
  std::uint64_t number_before = 1;  // its next one, when that round began
};

}  // namespace sense

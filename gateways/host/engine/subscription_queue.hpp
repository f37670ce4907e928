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

// The state that the engine has of one subscription. Plain data, modified by the engine only.
namespace sense {

// A delivery that is not settled. Keys ascend in the order of the queue.
struct PendingDelivery {
  enum class Stage : std::uint8_t {
    blocked,      // behind an earlier delivery of the same source
    held,         // until `not_before`
    collecting,   // member of the open window
    in_digest,    // member of a closed window, delivered by its digest
    not_durable,  // a sealed window that no stored checkpoint has yet
    fresh,        // ready for its first attempt, in order
    in_flight,
    retrying,  // awaits its next attempt
    deferred,  // a gap, until the callback works again
  };
  Delivery::Kind kind = Delivery::Kind::event;
  Stage stage = Stage::fresh;
  bool saved = false;         // the last checkpoint has it
  bool dirty = false;         // the next checkpoint is to have it
  bool event_saved = false;   // a checkpoint has its event
  bool ordered = false;       // it is in Backlog::order
  bool whole_window = false;  // it is a digest, or the only event of its window
  std::uint32_t attempts = 0;
  std::uint32_t octets = 0;  // of the event's data
  std::uint64_t number = 0;  // 0: not assigned yet
  std::uint64_t number_last = 0;
  std::uint64_t sequence = 0;
  std::uint64_t group = 0;       // hash of the source, for order and coalescing; 0: none
  std::uint64_t window = 0;      // in which it was collected
  std::uint64_t attempt_id = 0;  // 0: no attempt is under way
  MonoTime due{};                // of the next attempt; while collecting: when it joined the window
  MonoTime first{};              // its first attempt
  WallTime not_before{};
  WallTime expires = WallTime::max();
  EventRef event;  // null: only in the store
  // Sparse members: the reason of a gap or an end; the keys in a digest.
  struct Details {
    std::string reason;
    std::vector<std::uint64_t> members;
  };
  Sparse<Details> details;
};

// A FIFO of keys.
class KeyQueue {
 public:
  [[nodiscard]] bool empty() const { return head_ == keys_.size(); }
  [[nodiscard]] std::size_t size() const { return keys_.size() - head_; }
  [[nodiscard]] std::uint64_t front() const { return keys_[head_]; }
  [[nodiscard]] std::uint64_t back() const { return keys_.back(); }
  void push(std::uint64_t key) { keys_.push_back(key); }
  void pop() {
    if (++head_ < keys_.size() && head_ < compact_after) return;
    keys_.erase(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  void clear() {
    keys_.clear();
    head_ = 0;
  }

 private:
  static constexpr std::size_t compact_after = 1024;
  std::vector<std::uint64_t> keys_;
  std::size_t head_ = 0;
};

// The open window: events that are collected for one delivery.
struct DigestWindow {
  MonoTime opened{};
  WallTime opened_wall{};
  std::uint64_t octets = 0;
  std::vector<std::uint64_t> members;  // keys
  // Index into `members`, for coalescing: a newer event of a group replaces it.
  std::unordered_map<std::uint64_t, std::size_t> position_of_group;

  void add(std::uint64_t key, std::uint64_t group) {
    if (group != 0) position_of_group.try_emplace(group, members.size());
    members.push_back(key);
  }
};

// The part of a queue that exists only while deliveries are pending or the next attempt is delayed.
struct Backlog {
  using Timed = std::set<std::pair<MonoTime, std::uint64_t>>;  // due, key
  std::map<std::uint64_t, PendingDelivery> deliveries;
  std::size_t events = 0;  // among them
  std::size_t active = 0;  // its share of Engine::active()
  std::uint64_t next_key = 1;
  KeyQueue fresh;
  Timed retries;
  Timed held;
  std::set<std::pair<std::uint64_t, std::uint64_t>>
      order;  // group, key: the first of a group may be attempted
  std::map<std::uint64_t, std::uint64_t> deferred;  // deferred gaps: first number, key
  std::unique_ptr<DigestWindow> open_window;
  std::uint32_t windows_pending = 0;  // closed and not settled
  std::uint32_t in_flight = 0;
  std::uint32_t failures = 0;      // consecutive
  bool awaits_checkpoint = false;  // a redriven number that no stored checkpoint has yet
  std::uint32_t awaits_since_epoch = 0;
  MonoTime failing_since{};
  MonoTime next_attempt{};  // not before: rate
  MonoTime next_window{};   // not before: min-interval
  MonoTime next_probe{};    // while suspended
  Duration probe_pause{0};
  MonoTime timer{};  // its entry in Engine::timers_; the epoch: none

  PendingDelivery& at(std::uint64_t key) {
    const auto found = deliveries.find(key);
    SENSE_CHECK(found != deliveries.end());
    return found->second;
  }
};

// The queue of one subscription. A million idle ones must fit in memory: members are few, the rest
// is in `backlog`.
struct SubscriptionQueue {
  // The engine's state of the callback; the registry follows.
  enum class Suspension : std::uint8_t {
    none,
    suspended,  // only probed
    resumed,    // served again; the registry may still say suspended
  };
  SubscriptionRef subscription;  // null: not in use
  std::uint64_t next_number = 1;
  std::uint64_t windows = 0;  // closed so far
  std::unique_ptr<Backlog> backlog;
  std::uint32_t handle = 0;
  Suspension suspension = Suspension::none;
  bool ending = false;
  bool gone = false;  // the callback is gone: no attempts until the subscription ends
  bool saved = false;
  bool dirty = false;    // the next checkpoint is to have it
  bool changed = false;  // in more than next_number
  // For lagged checkpoints.
  bool clean_at_epoch_start = false;        // when `epoch` began, it was not dirty
  std::uint32_t epoch = 0;                  // in which it last assigned a number
  std::uint64_t number_at_epoch_start = 1;  // next_number when that epoch began
};

}  // namespace sense

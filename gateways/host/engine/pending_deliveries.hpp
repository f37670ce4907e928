// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/host/engine/queue_scope.hpp"

namespace sense {

// A delivery that is not settled. A value, of one PendingDeliveries.
struct PendingDelivery {
  enum class Stage : std::uint8_t {
    blocked,      // behind an earlier delivery of the same source
    held,         // until `not_before`
    collecting,   // member of the open window
    in_digest,    // member of a closed window, delivered by its digest
    not_durable,  // a closed window that no stored checkpoint has yet
    fresh,        // ready for its first attempt, in order
    in_flight,
    retrying,  // awaits its next attempt
    deferred,  // a gap, until the callback works again
  };
  Delivery::Kind kind = Delivery::Kind::event;
  Stage stage = Stage::fresh;
  bool ordered = false;       // it is in the order of its source
  bool whole_window = false;  // it is a digest, or the only event of its window
  CheckpointTracker::DeliveryMarks marks;
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

// The deliveries of one subscription that are not settled, by key, and the order in which those of
// one source may be attempted. Keys ascend in the order in which deliveries came. Keeps the
// engine's counts and marks for the next checkpoint. No I/O, no clock; one thread. References stay
// valid until the delivery is removed.
class PendingDeliveries {
 public:
  using Key = std::uint64_t;

  // Unsaved so far.
  Key add(PendingDelivery&& pending, const QueueScope& in);
  // One that the store has. A key that is in use, which only a damaged store repeats, is ignored.
  void restore(Key key, PendingDelivery pending, const QueueScope& in);
  // Returns the next delivery of its source, if that was blocked by this one. REQUIRES: the caller
  // has the key in no index.
  [[nodiscard]] std::optional<Key> remove(Key key, const QueueScope& in);
  // Appends it to the order of its source. False when an earlier one comes first; then it is
  // blocked.
  [[nodiscard]] bool enter_order(Key key);
  // The members of a closed window become a digest, or the only one is delivered as it is; not
  // durable yet. Returns what is to be delivered. REQUIRES: at least one.
  Key close_window(std::vector<Key> members, const QueueScope& in);
  // It is all that its window delivers.
  void count_window(Key key);
  // Puts the members of a digest in the order of their numbers, which become those of the digest.
  void number_digest(Key digest);
  // Finds the members of digests that were restored, and counts the queue's windows. A digest
  // without members, which only a damaged store has, is removed.
  void rebuild_digests(const QueueScope& in);
  // What the gateway is to deliver, for an attempt that begins.
  [[nodiscard]] std::shared_ptr<Delivery> to_delivery(Key key, const QueueScope& in);
  // The next checkpoint is to have it.
  void mark(Key key, const QueueScope& in);

  // REQUIRES: at() that it is there.
  [[nodiscard]] PendingDelivery& at(Key key) {
    auto* found = find(key);
    SENSE_CHECK(found != nullptr);
    return *found;
  }
  [[nodiscard]] PendingDelivery* find(Key key) {
    const auto found = deliveries_.find(key);
    return found == deliveries_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::vector<Key> keys() const;
  [[nodiscard]] bool empty() const { return deliveries_.empty(); }
  [[nodiscard]] std::size_t size() const { return deliveries_.size(); }
  [[nodiscard]] std::size_t events() const { return events_; }      // among them
  [[nodiscard]] std::uint64_t octets() const { return octets_; }    // of their data
  [[nodiscard]] std::uint32_t windows() const { return windows_; }  // closed and not settled

 private:
  std::map<Key, PendingDelivery> deliveries_;
  std::set<std::pair<std::uint64_t, Key>> order_;  // group, key: the first of a group is next
  void count_event(const PendingDelivery& pending, const QueueScope& in);

  std::size_t events_ = 0;
  std::uint64_t octets_ = 0;
  Key next_key_ = 1;
  std::uint32_t windows_ = 0;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateways/host/engine/pending_deliveries.hpp"

// What of the engine survives a crash. Plain data; times are wall time, since monotonic time does
// not span a restart.
namespace sense {

// A delivery that is not settled; members as in PendingDelivery.
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

// A subscription's queue without its deliveries; members as in QueueFacts.
struct SavedQueue {
  SubscriptionRef subscription;
  std::uint64_t next_number = 1;
  bool ending = false;
  std::uint64_t windows = 0;
  CallbackHealth::Suspension suspension = CallbackHealth::Suspension::none;
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

// Without its event.
[[nodiscard]] SavedDelivery to_saved(const std::string& subscription,
                                     const PendingDelivery& pending, Timestamp now);
// Its stage and its place in a window are not stored: see Backlog::rebuild(). A wall clock that has
// jumped delays it by RetrySchedule::pause_max at most, and adds at most 31 days to its age.
[[nodiscard]] PendingDelivery to_pending(SavedDelivery saved, Timestamp now);

}  // namespace sense

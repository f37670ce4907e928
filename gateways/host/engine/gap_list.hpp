// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "gateways/host/engine/pending_deliveries.hpp"
#include "gateways/host/engine/queue/attempt_queue.hpp"

namespace sense {

// The gaps of one subscription that could not be delivered: deferred until a delivery succeeds,
// since otherwise the missing numbers would never be explained, and merged with adjacent ones
// meanwhile. At most QueueDefaults::gaps_max, and one more for each delivery between two: beyond
// it gaps of different reasons are merged. The deliveries belong to the caller's
// PendingDeliveries. No I/O, no clock; one thread.
class GapList {
 public:
  using Key = PendingDeliveries::Key;

  // This number will never be delivered: merged with the last fresh gap or a deferred one, where
  // they are adjacent, else a gap to attempt.
  void add(std::uint64_t number, const std::string& reason, PendingDeliveries& deliveries,
           AttemptQueue& attempts, const QueueScope& in);
  // A pending gap could not be delivered. Merged with another it is removed from `deliveries`.
  // REQUIRES: the key is in no index.
  void defer(Key key, PendingDeliveries& deliveries, const QueueScope& in);
  // All are attempted in the order of their numbers, and are deferred no longer.
  void resume(PendingDeliveries& deliveries, AttemptQueue& attempts);
  [[nodiscard]] std::size_t size() const { return gaps_.size(); }

 private:
  // With the adjacent ones before and after. False when there is none: nothing has changed.
  [[nodiscard]] bool merge(const PendingDelivery& gap, PendingDeliveries& deliveries,
                           const QueueScope& in);
  [[nodiscard]] bool mergeable(const PendingDelivery& left, const PendingDelivery& right,
                               std::size_t gaps_max) const;

  std::map<std::uint64_t, Key> gaps_;  // by first number
};

}  // namespace sense

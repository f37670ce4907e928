// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "gateways/host/engine/owners/owner_key.hpp"

namespace sense {

// How many different callbacks each owner has at this gateway. Counted by hash: a collision makes
// it too low. Pure; one thread. Bounded by the number of subscriptions.
class OwnerEndpoints {
 public:
  void add(const Subscription& subscription);
  // REQUIRES: it was added.
  void remove(const Subscription& subscription);

  [[nodiscard]] std::size_t count(OwnerKey owner) const;
  // Whether the owner has that subscription's callback already, or fewer than `max` others; 0: any
  // number.
  [[nodiscard]] bool has_room(const Subscription& subscription, std::size_t max) const;

 private:
  using Counts = std::unordered_map<std::uint64_t, std::uint32_t>;

  Counts subscriptions_;  // by owner and callback
  Counts endpoints_;      // by owner
};

}  // namespace sense

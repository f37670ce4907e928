// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "gateways/host/engine/owners/owner_key.hpp"

namespace sense {

// How many deliveries of events, with how many octets of data, each owner has waiting in all queues
// together. Knows queues by their handle. Pure; one thread. Bounded by queues and owners.
class WaitingBudget {
 public:
  using Handle = std::uint32_t;
  struct Used {
    std::size_t deliveries = 0;
    std::uint64_t octets = 0;
  };

  // Of that queue's deliveries from now on; with it goes what waits there, of the owner before.
  void set_owner(Handle queue, OwnerKey owner, const Used& waiting);

  void add(Handle queue, std::uint64_t octets);
  // REQUIRES: it was added.
  void remove(Handle queue, std::uint64_t octets);
  // By the owner of that queue; none where owners have no budget.
  [[nodiscard]] Used used(Handle queue) const;
  [[nodiscard]] OwnerKey owner_of(Handle queue) const {
    return queue < owners_.size() ? owners_[queue] : 0;
  }

 private:
  void change(OwnerKey owner, const Used& more, const Used& less);

  std::vector<OwnerKey> owners_;             // by queue
  std::unordered_map<OwnerKey, Used> used_;  // of owners with something waiting
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "gateways/host/engine/owners/owner_key.hpp"

namespace sense {

// How many deliveries of events, with how many octets of data, each owner has waiting in all queues
// together. Knows queues by their handle: 4 octets for each. Pure; one thread. Bounded by queues.
class WaitingBudget {
 public:
  using Handle = std::uint32_t;
  struct Used {
    std::size_t deliveries = 0;
    std::uint64_t octets = 0;
  };

  // Of that queue's deliveries from now on; with it goes what waits there, of the owner before. 0
  // when the queue is gone.
  void set_owner(Handle queue, OwnerKey owner, const Used& waiting);
  [[nodiscard]] OwnerKey owner_of(Handle queue) const { return owner(queue).key; }

  void add(Handle queue, std::uint64_t octets) {
    auto& used = owner(queue).used;
    ++used.deliveries;
    used.octets += octets;
  }
  // REQUIRES: it was added.
  void remove(Handle queue, std::uint64_t octets) {
    auto& used = owner(queue).used;
    --used.deliveries;
    used.octets -= octets;
  }
  // By the owner of that queue; none where owners have no budget.
  [[nodiscard]] Used used(Handle queue) const {
    return owner_of(queue) == 0 ? Used() : owner(queue).used;
  }
  [[nodiscard]] std::size_t owners() const { return places_.size(); }

 private:
  struct Owner {
    OwnerKey key = 0;
    std::uint32_t queues = 0;
    Used used;
  };
  [[nodiscard]] std::uint32_t place_of(Handle queue) const {
    return queue < queues_.size() ? queues_[queue] : 0;
  }
  [[nodiscard]] Owner& owner(Handle queue) { return owners_[place_of(queue)]; }
  [[nodiscard]] const Owner& owner(Handle queue) const { return owners_[place_of(queue)]; }
  [[nodiscard]] std::uint32_t enter(OwnerKey owner);
  void leave(std::uint32_t place);

  std::vector<std::uint32_t> queues_;                  // the place of each one's owner
  std::vector<Owner> owners_ = std::vector<Owner>(1);  // the first: of those without a budget
  std::vector<std::uint32_t> free_;                    // places in owners_
  std::unordered_map<OwnerKey, std::uint32_t> places_;
};

}  // namespace sense

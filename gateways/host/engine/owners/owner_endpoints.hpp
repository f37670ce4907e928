// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "gateways/host/engine/owners/owner_key.hpp"

namespace sense {

// How many subscriptions each callback has, and how many different callbacks each owner. Counted by
// hash: a collision makes the first too high, the second too low. Most callbacks are one owner's,
// and take one entry. Pure; one thread. Bounded by the number of subscriptions.
class OwnerEndpoints {
 public:
  void add(const Subscription& subscription);
  // REQUIRES: it was added.
  void remove(const Subscription& subscription);

  // Subscriptions to that callback.
  [[nodiscard]] std::size_t count_for(std::string_view callback) const;
  // Callbacks of that owner.
  [[nodiscard]] std::size_t count(OwnerKey owner) const;
  // Whether the owner has that subscription's callback already, or fewer than `max` others; 0: any
  // number.
  [[nodiscard]] bool has_room(const Subscription& subscription, std::size_t max) const;

 private:
  using Counts = std::unordered_map<std::uint64_t, std::uint32_t>;
  struct Callback {
    std::uint32_t subscriptions = 0;
    std::uint32_t owner = 0;  // the only one, as short_key(); `several`: see shared_
  };
  static constexpr std::uint32_t several = UINT32_MAX;
  [[nodiscard]] static std::uint32_t short_key(OwnerKey owner);
  [[nodiscard]] static std::uint64_t pair_key(std::uint32_t owner, std::uint64_t callback);
  void share(Callback& callback, std::uint64_t key);

  std::unordered_map<std::uint64_t, Callback> callbacks_;
  Counts shared_;  // subscriptions by owner and callback, where a callback has several owners
  std::unordered_map<std::uint32_t, std::uint32_t> endpoints_;  // by owner
};

}  // namespace sense

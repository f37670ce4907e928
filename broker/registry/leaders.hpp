// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/bus/bus.hpp"

namespace sense {

inline constexpr std::string_view leader_kind = "leader";

// Leader leases: which of several gateways of one kind serves its subscriptions. A lease is an
// entry of the registry of kind `leader`; its key is the kind of gateway, its value {"holder":
// NAME, "ttl": SECONDS}. The holder renews it by writing the same value before the time to live is
// over; only after that may another gateway write its own name. The entry's revision is the fencing
// token: it grows with each new leader, and writes under an older token are void. This class keeps
// the deadlines, on the monotonic clock; a restart of the broker restarts each. Pure; one thread.
class Leaders {
 public:
  static constexpr int ttl_min = 1;  // seconds
  static constexpr int ttl_max = 60;

  // Whether `wanted` may replace `current` (null: none). Fails with badparam when `wanted` is not
  // an entry of this kind, with badcontext when another gateway leads or the revision is outdated.
  [[nodiscard]] Status check(const RegistryEntry& wanted, const RegistryEntry* current,
                             Timestamp now) const;
  // Starts the time to live: the entry was written, written again unchanged, or loaded at start.
  void hold(const RegistryEntry& entry, Timestamp now);
  // Ends the lease: any gateway may lead from now on.
  void release(std::string_view key);

 private:
  std::map<std::string, MonoTime, std::less<>> until_;
};

}  // namespace sense

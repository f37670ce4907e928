// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/bus/bus.hpp"

namespace sense {

inline constexpr std::string_view leader_kind = "leader";

// Which of several gateways of one kind serves its subscriptions: entries of the registry of kind
// `leader`, key the kind of gateway, value {"holder": its name, "ttl": seconds}. Whoever holds one
// writes it again, unchanged, before the time to live is over; after that, and only then, another
// may put its own name. The entry's revision is the fencing token: it grows with each new leader,
// and what an earlier one still says under an older token is void. Here are only the deadlines, on
// the monotonic clock; after a restart of the broker each begins anew. Pure; one thread.
class Leaders {
 public:
  static constexpr int ttl_min = 1;  // seconds
  static constexpr int ttl_max = 60;

  // May `wanted` be written over `current` (null: there is none)? Fails with badparam when it is no
  // entry of this kind, with badcontext when another leads, or the revision is not the current one.
  [[nodiscard]] Status check(const RegistryEntry& wanted, const RegistryEntry* current,
                             Timestamp now) const;
  // It is written, was there already, or comes from the store at start.
  void hold(const RegistryEntry& entry, Timestamp now);
  // Whoever wants may lead from now on.
  void release(std::string_view key);

 private:
  std::map<std::string, MonoTime, std::less<>> until_;
};

}  // namespace sense

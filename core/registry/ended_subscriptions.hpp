// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"

namespace sense {

// Why a subscription is not there any more.
struct EndedSubscription {
  std::string owner;
  std::string reason;  // "cancelled", "expired", "unreachable" ... (docs/management-events.md)
  WallTime at;
};

// The subscriptions that have ended lately, in memory, so that their owners can be told why: of the
// last hour, and at most 10,000 of them, some megabytes. After a restart there are none. Pure; one
// thread.
class EndedSubscriptions {
 public:
  static constexpr std::size_t count_max = 10'000;
  static constexpr std::size_t reason_length_max = 256;
  static constexpr Duration kept = std::chrono::hours{1};

  void add(const std::string& id, std::string owner, std::string reason, Timestamp now);
  // Nothing when it has not ended within the last hour, as far as is known.
  [[nodiscard]] std::optional<EndedSubscription> find(std::string_view id, MonoTime now) const;

 private:
  struct Entry {
    MonoTime since;
    EndedSubscription ended;
  };
  std::map<std::string, Entry, std::less<>> entries_;
  std::deque<std::string> order_;  // ids, the oldest first; each once
};

}  // namespace sense

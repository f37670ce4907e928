// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"

namespace sense {

// The delivery parameters of one gateway where a subscription does not set its own. Plain data.
struct QueueDefaults {
  // Per queue, so many windows of deliveries may await a retry; beyond, no fresh one is attempted.
  static constexpr std::uint32_t retrying_windows = 16;

  std::vector<Duration> pauses;       // after attempt 1, 2, ...; one more attempt than pauses
  std::uint32_t window = 8;           // attempts in flight at once
  std::uint32_t suspend_after = 0;    // consecutive failures; 0: never
  Duration suspend_over{0};           // and at least so long
  std::size_t backlog_max = 100'000;  // events per subscription queue
  // The same of one owner, and the octets of their data; 0: no limit.
  std::size_t owner_waiting_max = 0;
  std::uint64_t owner_octets_max = 0;
  // Steps that the filters of one owner may take for each event; 0: no limit.
  std::uint64_t owner_filter_steps = 0;
  // Deferred gaps per queue, each with its own reason; beyond, adjacent gaps are merged.
  std::size_t gaps_max = 64;
  Duration probe_first = std::chrono::minutes{1};  // doubles from probe to probe
  Duration probe_max = std::chrono::hours{1};
  // What an event's audience may call the owner of a subscription. Empty: its name alone.
  std::function<std::vector<std::string>(const std::string& owner)> owner_names = {};
};

}  // namespace sense

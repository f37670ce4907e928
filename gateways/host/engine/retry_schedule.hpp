// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "core/base/clock.hpp"
#include "core/subscription/delivery_options.hpp"

// When a failed delivery is attempted again, and when it is given up: what the subscription's
// options say, else the gateway's own pauses (docs/subscriptions.md). Pure functions.
namespace sense {

inline constexpr Duration retry_pause_max = std::chrono::hours{24};
inline constexpr std::uint32_t end_notice_attempts_max = 4;

// The pause after attempt `attempts`, from 1: the earliest time of the next one. `random` is drawn
// from for the jitter, which only adds: no attempt is earlier than scheduled.
[[nodiscard]] Duration retry_pause(const DeliveryOptions& options,
                                   const std::vector<Duration>& pauses, std::uint32_t attempts,
                                   std::mt19937_64& random);

// Whether there is no further attempt after so many, the first of which is so long ago.
[[nodiscard]] bool retries_exhausted(const DeliveryOptions& options,
                                     const std::vector<Duration>& pauses, std::uint32_t attempts,
                                     Duration since_first, bool end_notice);

}  // namespace sense

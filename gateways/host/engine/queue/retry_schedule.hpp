// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "core/base/clock.hpp"
#include "core/subscription/delivery_options.hpp"

namespace sense {

// When a failed delivery is attempted again, and when it is given up: what the subscription's
// options say, else the gateway's own pauses (docs/subscriptions.md). Pure; refers to both, which
// must outlive it.
class RetrySchedule {
 public:
  static constexpr Duration pause_max = std::chrono::hours{24};
  static constexpr std::uint32_t end_notice_attempts_max = 4;

  RetrySchedule(const DeliveryOptions& options, const std::vector<Duration>& pauses)
      : options_(options), pauses_(pauses) {}

  // The pause after attempt `attempts`, from 1: the earliest time of the next one. `wanted` by the
  // receiver replaces the schedule, from 0 to pause_max. `random` is drawn from for the jitter,
  // which only adds: no attempt is earlier than scheduled.
  [[nodiscard]] Duration pause(std::uint32_t attempts, std::optional<Duration> wanted,
                               std::mt19937_64& random) const;
  // Whether there is no further attempt after so many, the first of which is so long ago.
  [[nodiscard]] bool exhausted(std::uint32_t attempts, Duration since_first, bool end_notice) const;

 private:
  [[nodiscard]] Duration scheduled(std::uint32_t attempts) const;

  const DeliveryOptions& options_;
  const std::vector<Duration>& pauses_;
};

}  // namespace sense

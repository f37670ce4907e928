// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/clock.hpp"

namespace sense::datagram {

// The longest wait between two tries, of either side (docs/sense-protocol.md, rules 3 and 8).
inline constexpr std::chrono::seconds pause_max{32};

// The wait after try `attempt`, counted from 1: `interval`, doubled with each, before jitter. Pure.
[[nodiscard]] inline Duration pause_after(Duration interval, std::uint32_t attempt) {
  const auto doublings = std::min<std::uint32_t>(attempt == 0 ? 0 : attempt - 1, 16);
  return std::min<Duration>(interval * (std::int64_t{1} << doublings), pause_max);
}

}  // namespace sense::datagram

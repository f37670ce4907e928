// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace sense {

// For DeliveryDefaults of a gateway whose receivers are machines in other hands, which may be down
// over a weekend: ten attempts in a little more than three days. Seconds between two attempts.
inline constexpr std::array<std::uint32_t, 9> remote_retry_seconds = {
    5, 300, 1800, 7200, 18'000, 36'000, 50'400, 72'000, 86'400};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "core/base/clock.hpp"

namespace sense {

// An HTTP-date in any of its three forms (RFC 9110 section 5.6.7); nothing when it is none. As
// libcurl reads dates, some others are taken, too. Pure; any thread.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

// Retry-After is honoured between these.
inline constexpr Duration retry_after_min = std::chrono::seconds{1};
inline constexpr Duration retry_after_max = std::chrono::hours{24};
// The value of Retry-After (RFC 9110 section 10.2.3): seconds, or an HTTP-date; clamped. Nothing
// when it is neither. Pure; any thread.
[[nodiscard]] std::optional<Duration> parse_retry_after(std::string_view text, WallTime now);

}  // namespace sense

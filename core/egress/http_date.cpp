// SPDX-License-Identifier: Apache-2.0
#include "core/egress/http_date.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/base/text.hpp"

namespace sense {

std::optional<WallTime> parse_http_date(std::string_view text) {
  // An HTTP-date's year has four digits; libcurl takes more.
  constexpr std::int64_t last = wall_time_max.time_since_epoch() / std::chrono::seconds{1};
  const std::int64_t seconds = curl_getdate(std::string(text).c_str(), nullptr);
  if (seconds < 0 || seconds > last) return std::nullopt;
  return WallTime{std::chrono::seconds{seconds}};
}

std::optional<Duration> parse_retry_after(std::string_view given, WallTime now) {
  const auto text = trim(given);
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    // One that is too big for a number is too long a time, too.
    const auto seconds =
        std::chrono::seconds{parse_integer<std::int64_t>(text.substr(0, 9)).value_or(0)};
    return std::clamp<Duration>(seconds, retry_after_min, retry_after_max);
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - now, retry_after_min, retry_after_max);
}

}  // namespace sense

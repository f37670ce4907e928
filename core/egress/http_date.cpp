// SPDX-License-Identifier: Apache-2.0
#include "core/egress/http_date.hpp"

#include <curl/curl.h>

#include <string>

namespace sense {

std::optional<WallTime> parse_http_date(std::string_view text) {
  const auto seconds = curl_getdate(std::string(text).c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return WallTime{std::chrono::seconds{seconds}};
}

}  // namespace sense

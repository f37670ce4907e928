// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/time_of_day.hpp"

namespace sense {

Result<Duration> parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return fail(Code::badparam, "is not a time of day such as \"18:00\", UTC");
  const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
  if (two(0) > 23 || two(3) > 59) return fail(Code::badparam, "is a time of day, 00:00 to 23:59");
  return std::chrono::hours{two(0)} + std::chrono::minutes{two(3)};
}

std::string time_of_day(Duration since_midnight) {
  const auto minute = since_midnight / std::chrono::minutes{1};
  const auto two = [](std::int64_t number) {
    return std::string(number < 10 ? "0" : "") + std::to_string(number);
  };
  return two(minute / 60) + ":" + two(minute % 60);
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace sense {

namespace {

using namespace std::chrono;

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override {
    return {time_point_cast<Duration>(std::chrono::system_clock::now()),
            time_point_cast<Duration>(steady_clock::now())};
  }
};

bool take_digits(std::string_view& text, std::size_t count, int& value) {
  const auto number = parse_integer<unsigned>(text.substr(0, count));
  if (text.size() < count || !number) return false;
  value = static_cast<int>(*number);
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text, std::int64_t& nanos) {
  nanos = 0;
  if (!take(text, '.')) return true;
  std::int64_t scale = 100'000'000;
  std::size_t digits = 0;
  while (!text.empty() && is_digit(text.front())) {
    nanos += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
    ++digits;
  }
  return digits > 0 && digits <= 18;
}

bool take_offset(std::string_view& text, minutes& offset) {
  offset = minutes{0};
  if (take(text, 'Z') || take(text, 'z')) return true;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return false;
  const bool negative = text.front() == '-';
  text.remove_prefix(1);
  int hour = 0;
  int minute = 0;
  if (!take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute))
    return false;
  if (hour > 23 || minute > 59) return false;
  offset = minutes{hour * 60 + minute} * (negative ? -1 : 1);
  return true;
}

struct Unit {
  std::string_view name;
  Duration size;
};
constexpr std::array<Unit, 6> units = {{{"d", days{1}},
                                        {"h", hours{1}},
                                        {"min", minutes{1}},
                                        {"s", seconds{1}},
                                        {"ms", milliseconds{1}},
                                        {"us", microseconds{1}}}};
constexpr Duration duration_max = years{10};

// The last `digits` digits of `value`, and what follows.
void put_digits(std::string& text, unsigned value, unsigned digits, char follows) {
  text.append(digits, '0').push_back(follows);
  for (auto at = text.size() - 1; digits > 0; --digits, value /= 10)
    text[--at] = static_cast<char>('0' + value % 10);
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string to_rfc3339(PreciseTime precise) {
  const auto time = precise.wall;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  const auto micros = static_cast<unsigned>(clock.subseconds().count());
  const unsigned digits = precise.nanoseconds != 0 ? 9 : micros % 1000 != 0 ? 6 : 3;
  // By hand: it is part of every delivery, of which snprintf took 3 %.
  std::string text;
  text.reserve(sizeof("2026-11-21T09:15:00.250000000Z"));
  put_digits(text, static_cast<unsigned>(int{date.year()}), 4, '-');
  put_digits(text, unsigned{date.month()}, 2, '-');
  put_digits(text, unsigned{date.day()}, 2, 'T');
  put_digits(text, static_cast<unsigned>(clock.hours().count()), 2, ':');
  put_digits(text, static_cast<unsigned>(clock.minutes().count()), 2, ':');
  put_digits(text, static_cast<unsigned>(clock.seconds().count()), 2, '.');
  const unsigned fraction[] = {micros / 1000, micros, micros * 1000 + precise.nanoseconds};
  put_digits(text, fraction[digits / 3 - 1], digits, 'Z');
  return text;
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  const auto time = parse_precise_rfc3339(text);
  if (!time) return tl::unexpected(time.error());
  return time->wall;
}

Result<PreciseTime> parse_precise_rfc3339(std::string_view text) {
  const auto whole = text;
  const auto refuse = [whole] {
    return fail(Code::badparam, "'" + printable(whole.substr(0, 64)) +
                                    "' is not an RFC 3339 time such as 2026-11-21T09:15:00.250Z");
  };
  int year_number = 0, month_number = 0, day_number = 0, hour = 0, minute = 0, second = 0;
  if (!take_digits(text, 4, year_number) || !take(text, '-') ||
      !take_digits(text, 2, month_number) || !take(text, '-') || !take_digits(text, 2, day_number))
    return refuse();
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return refuse();
  if (!take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute) ||
      !take(text, ':') || !take_digits(text, 2, second))
    return refuse();
  std::int64_t nanos = 0;
  minutes offset{0};
  if (!take_fraction(text, nanos) || !take_offset(text, offset) || !text.empty()) return refuse();
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return refuse();
  const auto time = WallTime{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second} +
                    microseconds{nanos / 1000} - offset;
  if (time < wall_time_min || time > wall_time_max)
    return fail(Code::badparam,
                "the time " + std::string(whole) + " is outside the years 0001 to 9999 in UTC");
  return PreciseTime(time, static_cast<std::uint16_t>(nanos % 1000));
}

Result<Duration> parse_duration(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = parse_integer<std::int64_t>(text.substr(0, digits));
  for (const auto& candidate : units) {
    if (!count || candidate.name != text.substr(digits)) continue;
    if (*count > duration_max / candidate.size)
      return fail(Code::badparam, "'" + printable(text) + "' is longer than ten years");
    return candidate.size * *count;
  }
  return fail(Code::badparam, "'" + printable(text.substr(0, 64)) +
                                  "' is not a duration such as 250ms, 10s, 5min, 2h or 7d");
}

std::string to_text(Duration duration) {
  for (const auto& unit : units)
    if (duration.count() != 0 && duration % unit.size == Duration{0})
      return std::to_string(duration / unit.size) + std::string(unit.name);
  return "0s";
}

}  // namespace sense

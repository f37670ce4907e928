#include "core/base/clock.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include "core/base/text.hpp"

namespace sense {

namespace {

using namespace std::chrono;

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override {
    return {time_point_cast<Duration>(std::chrono::system_clock::now()),
            time_point_cast<Duration>(steady_clock::now())};
  }
};

bool take_digits(std::string_view& text, std::size_t count, int& value) {
  if (text.size() < count) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc{} || end != text.data() + count || text.front() == '-') return false;
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text, std::int64_t& micros) {
  micros = 0;
  if (!take(text, '.')) return true;
  std::int64_t scale = 100'000;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    micros += (text.front() - '0') * scale;
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

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string to_rfc3339(WallTime time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::array<char, 48> text{};
  const auto micros = static_cast<long>(clock.subseconds().count());
  const auto length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ld.%06ldZ", int{date.year()},
      unsigned{date.month()}, unsigned{date.day()}, static_cast<long>(clock.hours().count()),
      static_cast<long>(clock.minutes().count()), static_cast<long>(clock.seconds().count()),
      micros);
  std::string result(text.data(), static_cast<std::size_t>(length));
  if (micros % 1000 == 0) result.replace(result.size() - 4, 3, "");
  return result;
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  const auto refuse = [whole = printable(text.substr(0, 64))] {
    return fail(Code::badparam,
                "'" + whole + "' is not an RFC 3339 time such as 2026-11-21T09:15:00.250Z");
  };
  int year_number = 0, month_number = 0, day_number = 0, hour = 0, minute = 0, second = 0;
  if (!take_digits(text, 4, year_number) || !take(text, '-') ||
      !take_digits(text, 2, month_number) || !take(text, '-') || !take_digits(text, 2, day_number))
    return refuse();
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return refuse();
  if (!take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute) ||
      !take(text, ':') || !take_digits(text, 2, second))
    return refuse();
  std::int64_t micros = 0;
  minutes offset{0};
  if (!take_fraction(text, micros) || !take_offset(text, offset) || !text.empty()) return refuse();
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)},
                            day{static_cast<unsigned>(day_number)}};
  if (!date.ok() || year_number < 1970 || hour > 23 || minute > 59 || second > 60) return refuse();
  const auto time = WallTime{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second} +
                    microseconds{micros} - offset;
  if (time < WallTime{} || time > wall_time_max)
    return refuse();  // the offset led out of the years
  return time;
}

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc{} && count >= 0) {
    for (const auto& candidate : units) {
      if (candidate.name != unit) continue;
      if (count > duration_max / candidate.size)
        return fail(Code::badparam, "'" + printable(text) + "' is longer than ten years");
      return candidate.size * count;
    }
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

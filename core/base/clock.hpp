// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace sense {

// Every length of time in this tree.
using Duration = std::chrono::microseconds;
// Time of day, UTC, for people and other machines; it may jump.
using WallTime = std::chrono::sys_time<Duration>;
// Monotonic time, for timers, leases and retries.
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// A time of day with the part that WallTime has no place for. Compares by both.
struct PreciseTime {
  WallTime wall;
  std::uint16_t nanoseconds = 0;  // 0 to 999, behind the microsecond

  PreciseTime(WallTime time, std::uint16_t more = 0) : wall(time), nanoseconds(more) {}
  operator WallTime() const { return wall; }
  friend auto operator<=>(const PreciseTime&, const PreciseTime&) = default;
};

// One reading of both clocks. Pure cores take it as a parameter and never read a clock.
struct Timestamp {
  WallTime wall;
  MonoTime mono;
};

// Where the time comes from. Implementations say which threads may use them.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
};

// The machine's clocks. Lives as long as the process; any thread.
[[nodiscard]] const Clock& system_clock();
// The machine's monotonic clock, for loops that wait; pure cores take a Timestamp instead.
[[nodiscard]] inline MonoTime mono_now() { return system_clock().now().mono; }

// A clock that tests set. Not thread-safe.
class VirtualClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return now_; }
  void advance(Duration by) {
    now_.wall += by;
    now_.mono += by;
  }
  void jump_wall(Duration by) { now_.wall += by; }

 private:
  Timestamp now_{WallTime{std::chrono::seconds{1'700'000'000}}, MonoTime{std::chrono::hours{1}}};
};

// The first and the last instant that are read and written: the years 0001 to 9999.
inline constexpr WallTime wall_time_min{Duration{-62'135'596'800'000'000}};
inline constexpr WallTime wall_time_max{Duration{253'402'300'799'999'999}};

// RFC 3339 in UTC with three, six or nine digits of a second, as many as needed:
// 2026-11-21T09:15:00.250Z. REQUIRES: within the years above.
[[nodiscard]] std::string to_rfc3339(PreciseTime time);
// RFC 3339, any offset, the years 0001 to 9999 in UTC. Fractions beyond a nanosecond are cut; a
// leap second is the second behind it. Fails with badparam.
[[nodiscard]] Result<PreciseTime> parse_precise_rfc3339(std::string_view text);
// Likewise, cut to microseconds.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

// "250ms", "10s", "5min", "2h", "7d"; a number without a unit is refused as ambiguous. At most ten
// years; negative durations are refused. Fails with badparam.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
// The shortest text that parse_duration reads back to the same value.
[[nodiscard]] std::string to_text(Duration duration);

[[nodiscard]] inline std::int64_t to_micros(WallTime time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] inline WallTime from_micros(std::int64_t micros) {
  return WallTime{Duration{micros}};
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"

// When which resource is asked. Pure: no I/O, no clocks.
namespace sense::http_poll {

// Bounds of the time from an answer to the next request of a resource. A value.
struct PollBounds {
  Duration min = std::chrono::seconds{5};
  Duration max = std::chrono::hours{1};
};

// That time, after so many failures in a row: the interval, doubled with each failure less up to a
// half of that as jitter, so that it is never shorter than the interval; or what the server wanted
// when that is longer; within the bounds in any case.
[[nodiscard]] Duration pause_after(Duration interval, unsigned failures,
                                   std::optional<Duration> wanted, const PollBounds& bounds,
                                   std::mt19937_64& random);

// Which resources are asked next, in the order of their times, with bounds for those that are asked
// at once. A resource is due at some time, or asked. One thread.
class PollQueue {
 public:
  struct Limits {
    std::size_t at_once = 16;
    std::size_t at_once_per_server = 2;
  };
  // A resource, known by its place among the others. A value.
  struct Entry {
    std::string server;
    Duration interval{};
  };
  // All are due now.
  PollQueue(std::vector<Entry> resources, Limits limits, PollBounds bounds, std::uint64_t seed,
            MonoTime now);

  // Those that are due and may be asked now; they are asked from now on.
  [[nodiscard]] std::vector<std::size_t> begin(MonoTime now);
  // The resource is not asked any more, and due again after a pause_after(). `wanted`: by its
  // server. REQUIRES: it is asked.
  void succeeded(std::size_t resource, std::optional<Duration> wanted, MonoTime now);
  void failed(std::size_t resource, std::optional<Duration> wanted, MonoTime now);
  // When the next one is due; absent: none is before another one has succeeded or failed.
  [[nodiscard]] std::optional<MonoTime> next_after(MonoTime now) const;
  [[nodiscard]] std::size_t asked() const { return asked_; }

 private:
  void finish(std::size_t resource, std::optional<Duration> wanted, MonoTime now);

  const std::vector<Entry> resources_;
  const Limits limits_;
  const PollBounds bounds_;
  std::mt19937_64 random_;
  std::vector<unsigned> failures_;  // in a row, of each resource
  std::set<std::pair<MonoTime, std::size_t>> due_;
  std::map<std::string, std::size_t, std::less<>> asked_of_;  // by server
  std::size_t asked_ = 0;
};

}  // namespace sense::http_poll

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/event/event.hpp"

namespace sense {

// What the broker tells of itself by events (docs/management-events.md): that it had to refuse
// requests because too much waited to be stored, or because the disk was full. At once, and while
// it lasts at most once a minute, with how many there were. Pure; one thread.
class Conditions {
 public:
  static constexpr Duration interval = std::chrono::minutes{1};
  // After the disk was found full nothing is told, since nothing can be stored.
  static constexpr Duration silence = std::chrono::seconds{5};

  void note_overload(std::uint64_t requests, Timestamp now) { note(overload_, requests, now); }
  // Also when it was found full without a request.
  void note_full(std::uint64_t requests, Timestamp now);

  // What is to be stored now, {urn:sense:management}overload and journal-full. It stays due until
  // told() with the same `now`.
  [[nodiscard]] std::vector<Event> due(Timestamp now) const;
  void told(Timestamp now);

 private:
  struct Condition {
    std::string_view type;
    std::uint64_t requests = 0;  // not told of yet
    WallTime first;
    WallTime last;
    MonoTime next{};
  };
  static void note(Condition& condition, std::uint64_t requests, Timestamp now);
  [[nodiscard]] bool is_due(const Condition& condition, Timestamp now) const;

  Condition overload_{"overload", 0, {}, {}, {}};
  Condition full_{"journal-full", 0, {}, {}, {}};
  MonoTime silent_until_{};
};

}  // namespace sense

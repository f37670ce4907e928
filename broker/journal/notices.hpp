// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/event/event.hpp"

namespace sense {

// The broker's notices about itself (docs/management-events.md): it refused requests because too
// many waited to be stored, or because the disk was full. The first notice is due at once; while
// the state lasts, at most one is due per `interval`, with the number of refused requests. Pure
// except for the fresh ids; one thread.
class BrokerNotices {
 public:
  static constexpr Duration interval = std::chrono::minutes{1};
  // No notice is due within this time after a full disk, since it could not be stored.
  static constexpr Duration silence = std::chrono::seconds{5};

  void note_overload(std::uint64_t requests, Timestamp now) { note(overload_, requests, now); }
  // `requests` may be 0.
  void note_full(std::uint64_t requests, Timestamp now);

  // The notices to store now: {urn:sense:management}overload and journal-full. They stay due until
  // published() is called with the same `now`.
  [[nodiscard]] std::vector<Event> due(Timestamp now) const;
  void published(Timestamp now);

 private:
  struct Notice {
    std::string_view type;
    std::uint64_t requests = 0;  // not yet reported
    WallTime first;
    WallTime last;
    MonoTime next{};
  };
  static void note(Notice& notice, std::uint64_t requests, Timestamp now);
  [[nodiscard]] bool is_due(const Notice& notice, Timestamp now) const;

  Notice overload_{"overload", 0, {}, {}, {}};
  Notice full_{"journal-full", 0, {}, {}, {}};
  MonoTime silent_until_{};
};

}  // namespace sense

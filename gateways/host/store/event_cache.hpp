// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

#include "core/base/error.hpp"
#include "core/event/event.hpp"
#include "core/storage/database.hpp"

namespace sense {

// Reads stored events. When they are requested in ascending order, as a subscriber that catches up
// does, the following ones are read ahead into memory. One thread.
class EventCache {
 public:
  static constexpr std::size_t read_ahead = 256;          // events
  static constexpr std::size_t octets_max = 1024 * 1024;  // of them
  static constexpr std::uint64_t distance_max = 64;  // ascending: at most so far after the last

  // Fails with notfound when it is not there, with protoerror when it cannot be read.
  [[nodiscard]] Result<EventRef> load(Database& database, std::uint64_t sequence);
  // The contents of the store were replaced.
  void clear() { prefetched_.clear(); }

 private:
  std::map<std::uint64_t, EventRef> prefetched_;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace sense

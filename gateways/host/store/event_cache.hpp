// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

#include "core/base/error.hpp"
#include "core/event/event.hpp"
#include "core/storage/database.hpp"

namespace sense {

// Reads stored events. When they are asked for one after the other, as a subscriber asks that
// catches up, those behind are read together and wait in memory. One thread.
class EventShelf {
 public:
  static constexpr std::size_t read_ahead = 256;          // events
  static constexpr std::size_t octets_max = 1024 * 1024;  // of them
  static constexpr std::uint64_t near = 64;               // so close behind the last one

  // notfound when it is not there, protoerror when it cannot be read.
  [[nodiscard]] Result<EventRef> load(Database& database, std::uint64_t sequence);
  // What is stored is another's now.
  void clear() { waiting_.clear(); }

 private:
  std::map<std::uint64_t, EventRef> waiting_;
  std::uint64_t last_ = 0;
};

}  // namespace sense

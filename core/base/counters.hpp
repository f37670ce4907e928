// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace sense {

// The counters of a process, by name ("sense.datagrams.malformed"). Any thread; a counter lives as
// long as its Counters. Names come from code, never from input, so their number is bounded.
class Counters {
 public:
  using Counter = std::atomic<std::uint64_t>;

  // The counter of that name, created at first use.
  [[nodiscard]] Counter& operator[](std::string_view name);
  [[nodiscard]] std::map<std::string, std::uint64_t> snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Counter, std::less<>> counters_;
};

}  // namespace sense

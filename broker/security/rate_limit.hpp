// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"

namespace sense {

// A token bucket for each principal: `per_second` events a second, in bursts of at most as many.
// Pure; one thread. Keeps an entry for each name: REQUIRES names of authenticated principals.
class RateLimit {
 public:
  // 0: no limit.
  explicit RateLimit(std::uint64_t per_second) : per_second_(per_second) {}

  // Whether `count` more events may pass now; if so, they are counted. A count above per_second
  // passes when the bucket is full, and the excess delays later events.
  [[nodiscard]] bool take(std::string_view principal, std::uint64_t count, MonoTime now);

 private:
  struct Bucket {
    std::int64_t tokens = 0;  // millionths
    MonoTime filled{};
  };
  std::uint64_t per_second_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace sense

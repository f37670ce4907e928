// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"

namespace sense {

// A token bucket for each principal: so many events in a second, and as many at once after a pause.
// Pure; one thread. Remembers as many names as it is asked about: ask about authenticated ones.
class RateLimit {
 public:
  // 0: no limit.
  explicit RateLimit(std::uint64_t per_second) : per_second_(per_second) {}

  // Whether that many more may come now; they are then counted. What is more than a second's worth
  // passes alone, and is paid off afterwards.
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

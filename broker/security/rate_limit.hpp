// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"

namespace sense {

// A token bucket for each account, a principal or a host: `per_second` events a second, in bursts
// of at most as many. Pure; one thread. Principals have a bucket each. A host's that is full is
// forgotten when room is needed; beyond buckets_max that are not full, further hosts share one.
class RateLimit {
 public:
  static constexpr std::size_t buckets_max = 10'000;

  // 0: no limit.
  explicit RateLimit(std::uint64_t per_second) : per_second_(per_second) {}

  // Whether `count` more events may pass now; if so, they are counted. A count above per_second
  // passes when the bucket is full, and the excess delays later events.
  [[nodiscard]] bool take(std::string_view account, std::uint64_t count, MonoTime now);
  [[nodiscard]] std::size_t buckets() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::int64_t tokens = 0;  // millionths
    MonoTime filled{};
  };
  [[nodiscard]] Bucket& bucket_of(std::string_view account, MonoTime now);

  std::uint64_t per_second_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  MonoTime swept_{};  // when full buckets were last forgotten
};

}  // namespace sense

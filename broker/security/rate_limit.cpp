// SPDX-License-Identifier: Apache-2.0
#include "broker/security/rate_limit.hpp"

#include <algorithm>

namespace sense {

namespace {
constexpr std::int64_t whole = 1'000'000;  // millionths of a token; also microseconds of a second
}

bool RateLimit::take(std::string_view principal, std::uint64_t count, MonoTime now) {
  if (per_second_ == 0) return true;
  const auto rate = static_cast<std::int64_t>(per_second_);
  const auto full = rate * whole;
  auto found = buckets_.find(principal);
  if (found == buckets_.end()) found = buckets_.emplace(principal, Bucket{full, now}).first;
  auto& bucket = found->second;
  // A second fills the bucket; the bound avoids an overflow.
  const auto passed = std::min<std::int64_t>((now - bucket.filled).count(), 3600 * whole);
  bucket.tokens = std::min(full, bucket.tokens + passed * rate);
  bucket.filled = now;
  const auto wanted = static_cast<std::int64_t>(count) * whole;
  if (bucket.tokens < std::min(wanted, full)) return false;
  bucket.tokens -= wanted;
  return true;
}

}  // namespace sense

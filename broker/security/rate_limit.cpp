// SPDX-License-Identifier: Apache-2.0
#include "broker/security/rate_limit.hpp"

#include <algorithm>

#include "broker/security/rights.hpp"

namespace sense {

namespace {
constexpr std::int64_t whole = 1'000'000;  // millionths of a token; also microseconds of a second
constexpr std::string_view shared = "@others";  // which is no account
}  // namespace

// A second fills a bucket. At most once in a second all of them are looked at.
RateLimit::Bucket& RateLimit::bucket_of(std::string_view account, MonoTime now) {
  const auto full = static_cast<std::int64_t>(per_second_) * whole;
  auto found = buckets_.find(account);
  if (found != buckets_.end()) return found->second;
  if (buckets_.size() >= buckets_max && now - swept_ >= std::chrono::seconds{1}) {
    swept_ = now;
    std::erase_if(buckets_, [now](const auto& each) {
      return each.second.tokens >= 0 && now - each.second.filled >= std::chrono::seconds{1};
    });
  }
  const bool own = buckets_.size() < buckets_max || valid_principal(account);
  const auto name = own ? account : shared;
  return buckets_.try_emplace(std::string(name), Bucket{full, now}).first->second;
}

bool RateLimit::take(std::string_view account, std::uint64_t count, MonoTime now) {
  if (per_second_ == 0) return true;
  const auto rate = static_cast<std::int64_t>(per_second_);
  const auto full = rate * whole;
  auto& bucket = bucket_of(account, now);
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

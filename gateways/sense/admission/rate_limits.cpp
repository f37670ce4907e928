// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/rate_limits.hpp"

#include <algorithm>

#include "gateways/sense/model/peer_identity.hpp"

namespace sense::datagram {

namespace {

constexpr std::int64_t second = 1'000'000'000;

std::int64_t nanoseconds(MonoTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

// The generic cell rate algorithm (ITU-T I.371): a bucket is stored as the time at which it will be
// full again.
struct BucketPolicy {
  std::int64_t token_interval;  // nanoseconds in which one token is added
  std::int64_t fill_time;       // nanoseconds in which the empty bucket fills

  BucketPolicy(std::uint32_t rate, std::uint32_t burst)
      : token_interval(second / rate), fill_time(token_interval * burst) {}
  [[nodiscard]] bool has_token(std::int64_t full_at, std::int64_t now) const {
    return std::max(full_at, now) + token_interval <= now + fill_time;
  }
  // A bucket without a token is charged too, as far as possible: otherwise two buckets would give
  // twice the rate.
  [[nodiscard]] std::int64_t after_charge(std::int64_t full_at, std::int64_t now) const {
    return std::max(full_at, std::min(std::max(full_at, now) + token_interval, now + fill_time));
  }
};

}  // namespace

bool RateSketch::take(std::string_view host, std::uint32_t rate, std::uint32_t burst,
                      MonoTime now) {
  const BucketPolicy policy(rate, burst);
  const auto time = nanoseconds(now);
  const auto hash = keyed_hash(*secret_, host);
  auto& first = cells_[hash.low % width];
  auto& second_cell = cells_[width + hash.high % width];
  if (!policy.has_token(first, time) && !policy.has_token(second_cell, time)) return false;
  first = policy.after_charge(first, time);
  second_cell = policy.after_charge(second_cell, time);
  return true;
}

RateLimits::RateLimits(const Limits& limits) : limits_(limits) {}

RateLimits::Decision RateLimits::request(const Endpoint& from, std::optional<std::uint32_t> rate,
                                         MonoTime now) {
  if (!rate && is_local_machine(from)) return Decision::serve;
  const auto wanted = rate.value_or(limits_.rate);
  if (wanted == 0) return Decision::serve;
  auto host = host_identity(from);
  // The rate of a listener has buckets of its own.
  if (rate) host += "/" + std::to_string(*rate);
  const auto burst = rate ? std::max<std::uint32_t>(wanted, 1) : std::max(limits_.burst, 1U);
  if (requests_.take(host, wanted, burst, now)) return Decision::serve;
  return refusals_.take(host, refusals_per_host, refusals_per_host, now) ? Decision::refuse
                                                                         : Decision::silence;
}

bool RateLimits::may_reply_unproved(const Endpoint& from, bool seen_before, MonoTime now) {
  if (is_local_machine(from)) return true;
  if (limits_.rate != 0 &&
      !unproved_.take(host_identity(from), unproved_per_host, 2 * unproved_per_host, now))
    return false;
  if (seen_before || limits_.unproved_rate == 0) return true;
  const BucketPolicy policy(limits_.unproved_rate, limits_.unproved_rate);
  const auto time = nanoseconds(now);
  if (!policy.has_token(all_unproved_, time)) return false;
  all_unproved_ = policy.after_charge(all_unproved_, time);
  return true;
}

}  // namespace sense::datagram

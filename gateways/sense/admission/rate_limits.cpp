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

// The generic cell rate algorithm (ITU-T I.371): a bucket is the time at which it will be full
// again.
struct Price {
  std::int64_t token;  // the time in which one token comes
  std::int64_t whole;  // in which the empty bucket fills

  Price(std::uint32_t rate, std::uint32_t burst) : token(second / rate), whole(token * burst) {}
  [[nodiscard]] bool affordable(std::int64_t full_at, std::int64_t now) const {
    return std::max(full_at, now) + token <= now + whole;
  }
  // A bucket that had no token is charged, too, as far as it can be: else two buckets would give
  // twice the rate.
  [[nodiscard]] std::int64_t paid(std::int64_t full_at, std::int64_t now) const {
    return std::max(full_at, std::min(std::max(full_at, now) + token, now + whole));
  }
};

}  // namespace

bool RateSketch::take(std::string_view who, std::uint32_t rate, std::uint32_t burst, MonoTime now) {
  const Price price(rate, burst);
  const auto time = nanoseconds(now);
  const auto hash = keyed_hash(*secret_, who);
  auto& first = cells_[hash.low % width];
  auto& second_cell = cells_[width + hash.high % width];
  if (!price.affordable(first, time) && !price.affordable(second_cell, time)) return false;
  first = price.paid(first, time);
  second_cell = price.paid(second_cell, time);
  return true;
}

RateLimits::RateLimits(const Limits& limits) : limits_(limits) {}

RateLimits::Answer RateLimits::request(const Endpoint& from, std::optional<std::uint32_t> rate,
                                       MonoTime now) {
  if (!rate && is_this_machine(from)) return Answer::serve;
  const auto wanted = rate.value_or(limits_.rate);
  if (wanted == 0) return Answer::serve;
  auto who = host_of(from);
  // A listener's own rate is counted for itself.
  if (rate) who += "/" + std::to_string(*rate);
  const auto burst = rate ? std::max<std::uint32_t>(wanted, 1) : std::max(limits_.burst, 1U);
  if (requests_.take(who, wanted, burst, now)) return Answer::serve;
  return refusals_.take(who, refusals_per_host, refusals_per_host, now) ? Answer::refuse
                                                                        : Answer::silence;
}

bool RateLimits::may_answer_unproved(const Endpoint& from, bool seen_before, MonoTime now) {
  if (is_this_machine(from)) return true;
  if (limits_.rate != 0 &&
      !unproved_.take(host_of(from), unproved_per_host, 2 * unproved_per_host, now))
    return false;
  if (seen_before || limits_.unproved_rate == 0) return true;
  const Price price(limits_.unproved_rate, limits_.unproved_rate);
  const auto time = nanoseconds(now);
  if (!price.affordable(all_unproved_, time)) return false;
  all_unproved_ = price.paid(all_unproved_, time);
  return true;
}

}  // namespace sense::datagram

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/hash.hpp"
#include "gateways/sense/model/address.hpp"
#include "gateways/sense/model/limits.hpp"

namespace sense::datagram {

// Token buckets for any number of hosts in constant memory: each host has one bucket in each of two
// tables, at secret positions, and passes when either has a token. A flood from many addresses
// empties no bucket as long as it sends less than the tables hold; sharing both buckets with the
// same other host is improbable, and cannot be forced without the secret. Pure; one thread.
class RateSketch {
 public:
  static constexpr std::size_t width = 16'384;  // buckets in a table

  explicit RateSketch(const HashSecret& secret) : secret_(&secret), cells_(2 * width, 0) {}

  // Takes a token of `host`: `rate` per second, at most `burst` after a pause. REQUIRES: both are
  // at least 1.
  [[nodiscard]] bool take(std::string_view host, std::uint32_t rate, std::uint32_t burst,
                          MonoTime now);

 private:
  const HashSecret* secret_;
  // When each bucket will be full again, in nanoseconds of MonoTime.
  std::vector<std::int64_t> cells_;
};

// Limits of requests per host, and of replies to unproved addresses. Constant memory. Pure; one
// thread.
class RateLimits {
 public:
  // Replies per second to one host that has not returned a cookie.
  static constexpr std::uint32_t unproved_per_host = 200;
  // Refusals per second to one host over its rate; beyond that, no reply.
  static constexpr std::uint32_t refusals_per_host = 10;

  // `limits` must outlive this.
  explicit RateLimits(const Limits& limits);
  RateLimits(const RateLimits&) = delete;
  RateLimits& operator=(const RateLimits&) = delete;

  // Carry it out; answer 12; or, when even refusals are too many, nothing.
  enum class Decision { serve, refuse, silence };
  // A request with a valid cookie. `rate`: of its listener, overrides the parameter.
  [[nodiscard]] Decision request(const Endpoint& from, std::optional<std::uint32_t> rate,
                                 MonoTime now);
  // Whether an unproved host may be sent a reply. `seen_before`: it returned a cookie of its own
  // address that expired within the last hour, so the address is not forged.
  [[nodiscard]] bool may_reply_unproved(const Endpoint& from, bool seen_before, MonoTime now);

 private:
  const Limits& limits_;
  HashSecret secret_ = HashSecret::random();
  RateSketch requests_{secret_};
  RateSketch refusals_{secret_};
  RateSketch unproved_{secret_};
  std::int64_t all_unproved_ = 0;  // one bucket for all hosts
};

}  // namespace sense::datagram

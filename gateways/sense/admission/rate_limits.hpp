// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/hash.hpp"
#include "gateways/sense/model/address.hpp"
#include "gateways/sense/model/limits.hpp"

namespace sense::datagram {

// Token buckets for any number of addresses in memory that never grows: each address has one bucket
// in each of two tables, at places that a secret decides, and passes when either has a token. A
// flood from many addresses wears out no bucket as long as it is thinner than the tables are wide;
// an address shares both of its buckets with the same other one by accident only. Pure; one thread.
class RateSketch {
 public:
  static constexpr std::size_t width = 16'384;  // buckets in a table

  explicit RateSketch(const HashSecret& secret) : secret_(&secret), cells_(2 * width, 0) {}

  // Takes a token of `host`: `rate` a second, at most `burst` after a pause. REQUIRES: both are
  // at least 1.
  [[nodiscard]] bool take(std::string_view host, std::uint32_t rate, std::uint32_t burst,
                          MonoTime now);

 private:
  const HashSecret* secret_;
  // When the bucket will be full again, in nanoseconds of MonoTime.
  std::vector<std::int64_t> cells_;
};

// How often one host may ask, and how much is sent to those that have proved nothing. Memory is
// fixed. Pure; one thread.
class RateLimits {
 public:
  // Answers a second to one host that has not returned a cookie.
  static constexpr std::uint32_t unproved_per_host = 200;
  // Refusals a second for one host that asks too often; beyond that, silence.
  static constexpr std::uint32_t refusals_per_host = 10;

  // `limits` must outlive this.
  explicit RateLimits(const Limits& limits);
  RateLimits(const RateLimits&) = delete;
  RateLimits& operator=(const RateLimits&) = delete;

  enum class Decision { serve, refuse, silence };
  // A request of a host that returned its cookie. `rate`: of its listener, instead of the
  // parameter.
  [[nodiscard]] Decision request(const Endpoint& from, std::optional<std::uint32_t> rate,
                                 MonoTime now);
  // Whether a host that proved nothing may be answered. `seen_before`: it returned a cookie that
  // was its own within the last hour, so nobody only pretends to be there.
  [[nodiscard]] bool may_reply_unproved(const Endpoint& from, bool seen_before, MonoTime now);

 private:
  const Limits& limits_;
  HashSecret secret_ = HashSecret::random();
  RateSketch requests_{secret_};
  RateSketch refusals_{secret_};
  RateSketch unproved_{secret_};
  std::int64_t all_unproved_ = 0;  // one bucket for all
};

}  // namespace sense::datagram

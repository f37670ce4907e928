// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/counters.hpp"
#include "gateways/api/delivery_records.hpp"

namespace sense {

// How late the events of each subscription came, in memory: the same few octets for a subscription
// however many events it had, and for at most subscriptions_max of them. Lost when the process
// ends. Pure; one thread.
class LatenessTable {
 public:
  static constexpr std::size_t subscriptions_max = 100'000;

  // `dropped`: counts events that were not measured, since there was no room.
  explicit LatenessTable(Counters::Counter& dropped) : dropped_(dropped) {}

  // An event was delivered, so long after the broker had accepted it. Less than nothing, of a clock
  // that was set, counts as nothing.
  void add(const Subscription& subscription, Duration late);
  [[nodiscard]] Lateness of(std::string_view subscription) const;
  void forget(std::string_view subscription);

 private:
  // Spans of less than 1, 2, 4, 8 ... milliseconds; the last has all others.
  static constexpr std::size_t steps = 33;
  struct Measured {
    std::uint64_t count = 0;
    std::uint64_t over = 0;
    Duration sum{};
    Duration max{};
    std::array<std::uint32_t, steps> in_step{};
  };
  [[nodiscard]] static Duration p99_of(const Measured& measured);

  Counters::Counter& dropped_;
  std::map<std::string, Measured, std::less<>> measured_;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"
#include "core/sense/message.hpp"

namespace sense::datagram {

// Which deliveries a client has received, of each of its subscriptions, and which of them it has
// still to acknowledge. Pure; one thread. Bounded: 1,024 holes in the numbers of a subscription;
// beyond that the lowest hole counts as received.
class ClientNumbers {
 public:
  // `ack_delay`: how long acknowledgements may wait to be combined; 0: not at all.
  explicit ClientNumbers(Duration ack_delay) : ack_delay_(ack_delay) {}

  // The subscription is ours from now on; its numbers begin with 1.
  void open(const std::string& subscription) {
    by_subscription_.insert_or_assign(subscription, One());
  }
  void close(std::string_view subscription);
  [[nodiscard]] bool knows(std::string_view subscription) const;
  [[nodiscard]] std::size_t subscriptions() const { return by_subscription_.size(); }

  // unknown: of no subscription of ours; repeat: all of the numbers had come before.
  enum class Received { unknown, repeat, fresh };
  // The numbers first..last of a delivery. Also repeats are to be acknowledged: the first
  // acknowledgement may have been lost. REQUIRES: first <= last.
  Received add(std::string_view subscription, std::uint64_t first, std::uint64_t last,
               MonoTime now);

  // Acknowledgements that are due, which then count as sent; with `all`, also those that could
  // wait.
  using Acks = std::vector<std::pair<std::string, NumberSet>>;
  [[nodiscard]] Acks take_acks(MonoTime now, bool all = false);
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // Numbers below the highest that were neither received nor reported as a gap.
  [[nodiscard]] std::vector<NumberRange> missing(std::string_view subscription) const;

 private:
  struct One {
    NumberSet received;
    NumberSet to_acknowledge;
    std::size_t deliveries = 0;   // in to_acknowledge
    std::optional<MonoTime> due;  // of the acknowledgement
  };
  Duration ack_delay_;
  std::map<std::string, One, std::less<>> by_subscription_;
};

}  // namespace sense::datagram

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/base/clock.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

// How much later events come because hold, min-interval or digest are asked for, beside what the
// transport takes. A value.
struct AddedLatency {
  // Of events that come at any time. Absent, as `worst`: a digest that only a number of events
  // closes waits for these, however long that is.
  std::optional<Duration> typical;
  std::optional<Duration> worst;
  friend bool operator==(const AddedLatency&, const AddedLatency&) = default;
};

// Absent: none of the three is asked for.
[[nodiscard]] std::optional<AddedLatency> added_latency(const DeliveryOptions& options);
// The longest that an event may be under way with a transport that takes at most `transport`.
// Absent: there is no longest.
[[nodiscard]] std::optional<Duration> worst_latency(const DeliveryOptions& options,
                                                    Duration transport);

// As to_json, with a last member `latency` for its owner to read: {"typical":"30s","worst":"1min"},
// or {"worst":"unbounded"}. Without it when nothing is added.
[[nodiscard]] std::string to_shown_json(const Subscription& subscription);

}  // namespace sense

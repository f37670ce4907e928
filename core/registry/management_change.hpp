// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/event/event.hpp"
#include "core/subscription/subscription.hpp"

// Reads the events by which the broker announces changes of its registry. Pure.
namespace sense {

// What such an event tells; nothing when the event is another one, or not the broker's.
struct SubscriptionChange {
  Subscription subscription;  // with state ended when it has ended
  std::string reason;
};
[[nodiscard]] std::optional<SubscriptionChange> subscription_change(const Event& event);

// What such an event tells of a subscription that this version cannot read.
struct UnreadableChange {
  std::string id;
  std::string reason;  // why not
};
[[nodiscard]] std::optional<UnreadableChange> unreadable_change(const Event& event);

struct GatewayChange {
  std::string name;
  std::vector<std::string> schemes;  // empty: it was removed
};
[[nodiscard]] std::optional<GatewayChange> gateway_change(const Event& event);

// The registry entry's value by which a gateway announces itself, and back.
[[nodiscard]] std::string gateway_entry(const std::vector<std::string>& schemes,
                                        const std::vector<std::string>& listening);
[[nodiscard]] std::vector<std::string> schemes_of_entry(const std::string& value);

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/event/event.hpp"
#include "core/subscription/subscription.hpp"

// Parses the events that announce changes of the registry. Pure.
namespace sense {

// The change that an event announces to gateways (whole_change_type), without its secret; nullopt
// when it is another event, redacted, or not from the broker.
struct SubscriptionChange {
  Subscription subscription;  // with state `ended` when it has ended
  std::string reason;
};
[[nodiscard]] std::optional<SubscriptionChange> subscription_change(const Event& event);

// A change of a subscription that this version cannot read.
struct UnreadableChange {
  std::string id;
  std::string reason;  // why not
};
[[nodiscard]] std::optional<UnreadableChange> unreadable_change(const Event& event);

// A gateway has come or gone, or serves other schemes. nullopt: as above.
struct GatewayChange {
  std::string name;                  // in the configuration; the key of its registry entry
  std::vector<std::string> schemes;  // empty: it was removed
};
[[nodiscard]] std::optional<GatewayChange> gateway_change(const Event& event);

// The value of the registry entry that announces a gateway, and its schemes: none when the value
// cannot be read.
[[nodiscard]] std::string gateway_entry(const std::vector<std::string>& schemes,
                                        const std::vector<std::string>& listening);
[[nodiscard]] std::vector<std::string> schemes_of_entry(const std::string& value);

}  // namespace sense

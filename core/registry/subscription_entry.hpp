// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "core/bus/bus.hpp"
#include "core/subscription/subscription.hpp"

// Subscriptions as the broker's registry has them. Pure, but for log lines; any thread.
namespace sense {

// The kind of their entries.
inline constexpr const char* subscription_kind = "subscription";

// The subscription of an entry, with its revision. Fails with notyetimplemented when this version
// cannot read it: the entry is kept and not served.
[[nodiscard]] Result<Subscription> read_entry(const RegistryEntry& entry);
[[nodiscard]] Result<SubscriptionRef> parse_entry(const RegistryEntry& entry);

// The subscription of a registry entry. nullopt when this version cannot read it, which is logged:
// the entry is kept and not served.
[[nodiscard]] std::optional<Subscription> readable_subscription(const RegistryEntry& entry);

// Logs when an event announces a subscription that this version cannot read.
void log_unreadable_change(const Event& change);

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/bus/bus.hpp"
#include "core/event/event.hpp"
#include "core/storage/journal.hpp"
#include "core/subscription/subscription.hpp"

// The events by which the broker announces changes of its registry (docs/subscriptions.md): type
// {urn:sense:management}subscription-WHAT, subject the id, data JSON. Pure except for the fresh id.
namespace sense {

// With the callback redacted, and the owner as attribute.

[[nodiscard]] Event subscription_event(const Subscription& subscription, std::string_view what,
                                       std::string_view principal, std::string_view reason,
                                       WallTime now);
// The same change for gateways: the whole subscription, as JSON.
[[nodiscard]] Event whole_subscription_event(const std::string& id, std::string_view subscription,
                                             std::string_view principal, std::string_view reason,
                                             WallTime now);
// For entries other than subscriptions: {urn:sense:management}KIND-WHAT.
[[nodiscard]] Event entry_event(const RegistryEntry& entry, std::string_view what,
                                std::string_view principal, std::string_view reason, WallTime now);

// {urn:sense:management}journal-damaged: the events with these sequences are lost.
[[nodiscard]] Event journal_damaged_event(const Journal::Damage& damage, WallTime now);

}  // namespace sense

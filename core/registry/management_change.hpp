// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/event/event.hpp"
#include "core/registry/capabilities.hpp"
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

// A scheme that a gateway has announced. A value.
struct AnnouncedScheme {
  std::string name;
  // Absent: it has declared none that this version can read.
  std::optional<Capabilities> capabilities = {};
  friend bool operator==(const AnnouncedScheme&, const AnnouncedScheme&) = default;
};
[[nodiscard]] std::vector<AnnouncedScheme> announced(std::span<const Scheme> schemes);

// A gateway as the registry has it. A value.
struct AnnouncedGateway {
  std::string name;                      // in the configuration; the key of its registry entry
  std::vector<AnnouncedScheme> schemes;  // empty: it was removed
};
// A gateway has come or gone, or serves other schemes. nullopt: as above.
[[nodiscard]] std::optional<AnnouncedGateway> gateway_change(const Event& event);

// The value of the registry entry that announces a gateway, and its schemes: none when the value
// cannot be read, and none that is no scheme in lower case.
[[nodiscard]] std::string gateway_entry(const std::vector<AnnouncedScheme>& schemes,
                                        const std::vector<std::string>& listening);
[[nodiscard]] std::vector<AnnouncedScheme> schemes_of_entry(const std::string& value);
// What such a value says of the schemes: the members `schemes`, an array, and `capabilities`, an
// object by the names of schemes.
void put_schemes(JsonObject& json, const std::vector<AnnouncedScheme>& schemes);

}  // namespace sense

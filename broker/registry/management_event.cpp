// SPDX-License-Identifier: Apache-2.0
#include "broker/registry/management_event.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

using Json = nlohmann::ordered_json;

Event change(std::string_view kind, std::string_view what, const std::string& key, std::string data,
             WallTime now) {
  return management_event(std::string(kind) + "-" + std::string(what), kind, key, std::move(data),
                          now);
}

Event change(std::string_view kind, std::string_view what, const std::string& key, const Json& data,
             WallTime now) {
  return change(kind, what, key, json_text(data), now);
}

}  // namespace

Event subscription_event(const Subscription& subscription, std::string_view what,
                         std::string_view principal, std::string_view reason, WallTime now) {
  return change("subscription", what, subscription.id,
                change_to_json(subscription, principal, reason), now);
}

Event entry_event(const RegistryEntry& entry, std::string_view what, std::string_view principal,
                  std::string_view reason, WallTime now) {
  auto value = Json::parse(entry.value, nullptr, false);
  if (value.is_discarded()) value = entry.value;
  return change(entry.kind, what, entry.key,
                {{"key", entry.key}, {"value", value}, {"by", principal}, {"reason", reason}}, now);
}

Event journal_damaged_event(const Journal::Damage& damage, WallTime now) {
  const auto range = std::to_string(damage.first) + "-" + std::to_string(damage.last);
  return change("journal", "damaged", range,
                {{"first", damage.first},
                 {"last", damage.last},
                 {"quarantined", damage.rows.size()},
                 {"unreachable", damage.unreachable}},
                now);
}

}  // namespace sense

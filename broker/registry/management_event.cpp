// SPDX-License-Identifier: Apache-2.0
#include "broker/registry/management_event.hpp"

#include "core/base/json.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

Event change(std::string_view kind, std::string_view what, const std::string& key, std::string data,
             WallTime now) {
  return management_event(std::string(kind) + "-" + std::string(what), kind, key, std::move(data),
                          now);
}

}  // namespace

Event subscription_event(const Subscription& subscription, std::string_view what,
                         std::string_view principal, std::string_view reason, WallTime now) {
  auto event = change("subscription", what, subscription.id,
                      change_to_json(subscription, principal, reason), now);
  set_owner(event, subscription.owner);
  return event;
}

Event whole_subscription_event(const std::string& id, std::string_view subscription,
                               std::string_view principal, std::string_view reason, WallTime now) {
  auto event = change("subscription", "changed", id,
                      whole_change_to_json(subscription, principal, reason), now);
  static const auto type = *QName::parse(whole_change_type);
  event.type = type;
  return event;
}

Event entry_event(const RegistryEntry& entry, std::string_view what, std::string_view principal,
                  std::string_view reason, WallTime now) {
  const auto value = JsonDocument::parse(entry.value);
  JsonObject data;
  data.put("key", entry.key);
  data.put_raw("value", value ? value->root().dump() : json_string(entry.value));
  data.put("by", principal).put("reason", reason);
  return change(entry.kind, what, entry.key, data.take(), now);
}

Event journal_damaged_event(const Journal::Damage& damage, WallTime now) {
  const auto range = std::to_string(damage.first) + "-" + std::to_string(damage.last);
  JsonObject data;
  data.put("first", damage.first).put("last", damage.last);
  data.put("quarantined", damage.rows.size()).put("unreachable", damage.unreachable);
  return change("journal", "damaged", range, data.take(), now);
}

}  // namespace sense

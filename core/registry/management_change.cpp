// SPDX-License-Identifier: Apache-2.0
#include "core/registry/management_change.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

using Json = nlohmann::json;

// Any client may publish an event of such a type; only the broker has this principal.
bool is_from_broker(const Event& event, std::string_view local_prefix) {
  return event.principal == "broker" && event.type.ns() == management_namespace &&
         event.type.local().starts_with(local_prefix);
}

// Also a management event of a version before whole_change_type, in which nothing was redacted.
bool announces_subscription(const Event& event) {
  return is_from_broker(event, "subscription-") ||
         (event.principal == "broker" && event.type.clark() == whole_change_type);
}

std::vector<std::string> schemes_in(const Json& value) {
  std::vector<std::string> schemes;
  if (!value.is_object() || !value.contains("schemes") || !value["schemes"].is_array())
    return schemes;
  for (const auto& scheme : value["schemes"])
    if (scheme.is_string()) schemes.push_back(scheme.get<std::string>());
  return schemes;
}

}  // namespace

std::optional<SubscriptionChange> subscription_change(const Event& event) {
  if (!announces_subscription(event)) return std::nullopt;
  auto change = change_from_json(event.data);
  if (!change || !change->subscription) return std::nullopt;
  change->subscription->challenge_hash.clear();
  return SubscriptionChange{std::move(*change->subscription), std::move(change->reason)};
}

std::optional<UnreadableChange> unreadable_change(const Event& event) {
  if (!announces_subscription(event)) return std::nullopt;
  const auto change = change_from_json(event.data);
  if (!change || change->subscription) return std::nullopt;
  return UnreadableChange{event.subject, change->subscription.error().message};
}

std::optional<GatewayChange> gateway_change(const Event& event) {
  if (!is_from_broker(event, "gateway-")) return std::nullopt;
  const auto data = Json::parse(event.data, nullptr, false);
  if (!data.is_object() || !data.contains("key") || !data["key"].is_string()) return std::nullopt;
  GatewayChange change{data["key"].get<std::string>(), {}};
  if (event.type.local() == "gateway-changed" && data.contains("value"))
    change.schemes = schemes_in(data["value"]);
  return change;
}

std::string gateway_entry(const std::vector<std::string>& schemes,
                          const std::vector<std::string>& listening) {
  return json_text(Json{{"schemes", schemes}, {"listening", listening}});
}

std::vector<std::string> schemes_of_entry(const std::string& value) {
  return schemes_in(Json::parse(value, nullptr, false));
}

}  // namespace sense

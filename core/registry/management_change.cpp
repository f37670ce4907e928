// SPDX-License-Identifier: Apache-2.0
#include "core/registry/management_change.hpp"

#include <set>

#include "core/base/json.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

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

bool is_scheme(std::string_view text) {
  constexpr std::size_t length_max = 64;
  return !text.empty() && text.size() <= length_max &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") == text.npos;
}

std::vector<AnnouncedScheme> schemes_in(JsonView value) {
  std::vector<AnnouncedScheme> schemes;
  std::set<std::string> seen;
  const auto capabilities = value.find("capabilities");
  value.find("schemes").each_entry([&](JsonView entry) {
    if (auto name = entry.text(); name && is_scheme(*name) && seen.insert(*name).second) {
      auto declared = capabilities_from_json(capabilities.find(*name));
      schemes.push_back({std::move(*name), std::move(declared)});
    }
    return true;
  });
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

std::vector<AnnouncedScheme> announced(std::span<const Scheme> schemes) {
  std::vector<AnnouncedScheme> all;
  for (const auto& scheme : schemes) all.push_back({std::string(scheme.name), scheme.capabilities});
  return all;
}

std::optional<AnnouncedGateway> gateway_change(const Event& event) {
  if (!is_from_broker(event, "gateway-")) return std::nullopt;
  const auto data = JsonDocument::parse(event.data);
  auto key = data ? data->root().find("key").text() : std::nullopt;
  if (!key) return std::nullopt;
  AnnouncedGateway change{std::move(*key), {}};
  if (event.type.local() == "gateway-changed")
    change.schemes = schemes_in(data->root().find("value"));
  return change;
}

void put_schemes(JsonObject& json, const std::vector<AnnouncedScheme>& schemes) {
  std::string names = "[";
  JsonObject capabilities;
  for (const auto& scheme : schemes) {
    names.append(names.size() == 1 ? "" : ",").append(json_string(scheme.name));
    if (scheme.capabilities) capabilities.put_raw(scheme.name, to_json(*scheme.capabilities));
  }
  json.put_raw("schemes", names + "]").put_raw("capabilities", capabilities.take());
}

std::string gateway_entry(const std::vector<AnnouncedScheme>& schemes,
                          const std::vector<std::string>& listening) {
  JsonObject json;
  put_schemes(json, schemes);
  std::string places = "[";
  for (const auto& uri : listening)
    places.append(places.size() == 1 ? "" : ",").append(json_string(uri));
  return json.put_raw("listening", places + "]").take();
}

std::vector<AnnouncedScheme> schemes_of_entry(const std::string& value) {
  const auto entry = JsonDocument::parse(value);
  return entry ? schemes_in(entry->root()) : std::vector<AnnouncedScheme>();
}

}  // namespace sense

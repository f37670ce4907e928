// SPDX-License-Identifier: Apache-2.0

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/subscription/redacted_callback.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

constexpr std::string_view own_events = "own";

// Adds the types of a subscription's members.
class Object : public JsonObject {
 public:
  using JsonObject::put;
  void put(std::string_view name, WallTime time) { put(name, to_rfc3339(time)); }
  void put(std::string_view name, Duration duration) { put(name, to_text(duration)); }
  template <class T>
  void put(std::string_view name, const std::optional<T>& value) {
    if (value) put(name, *value);
  }
  template <class Choice>
  void put_choice(std::string_view name, const std::optional<Choice>& choice) {
    if (choice) put(name, to_text(*choice));
  }
  void put_text(std::string_view name, std::string_view text) {
    if (!text.empty()) put(name, text);
  }
};

template <class Pattern>
std::string texts(const std::vector<Pattern>& patterns) {
  std::string out = "[";
  for (const auto& pattern : patterns)
    out.append(out.size() == 1 ? "" : ",").append(json_string(pattern.text()));
  return out + "]";
}

std::string digest_json(const Digest& digest) {
  Object json;
  json.put("interval", digest.interval);
  if (digest.until) json.put("until", time_of_day(*digest.until));
  json.put("count", digest.count);
  json.put("octets", digest.octets);
  return json.take();
}

std::string delivery_json(const DeliveryOptions& delivery) {
  const auto& sparse = *delivery.sparse;
  Object json;
  json.put("retry-initial", delivery.retry_initial);
  json.put("retry-factor", sparse.retry_factor);
  json.put("retry-max", delivery.retry_max);
  json.put("retry-jitter", sparse.retry_jitter);
  json.put("retry-count", delivery.retry_count);
  json.put("retry-span", sparse.retry_span);
  json.put("expiry", delivery.expiry);
  json.put("hold", sparse.hold);
  json.put("min-interval", sparse.min_interval);
  json.put("max-latency", sparse.max_latency);
  json.put_choice("coalesce", sparse.coalesce);
  if (sparse.digest) json.put_raw("digest", digest_json(*sparse.digest));
  json.put_choice("order", sparse.order);
  json.put("window", delivery.window);
  json.put("rate", sparse.rate);
  json.put_choice("on-failure", sparse.on_failure);
  json.put("suspend-after", sparse.suspend_after);
  json.put("suspend-over", sparse.suspend_over);
  return json.take();
}

std::string labels_json(const std::map<std::string, std::string, std::less<>>& labels) {
  Object json;
  for (const auto& [name, value] : labels) json.put(name, value);
  return json.take();
}

std::string websub_json(const WebSub& websub) {
  Object json;
  json.put("topic", websub.topic);
  if (websub.intent.kind != WebSub::Intent::Kind::none)
    json.put("intent", to_text(websub.intent.kind));
  if (websub.intent.period != Duration{0}) json.put("period", websub.intent.period);
  return json.take();
}

std::string subscription_json(const Subscription& subscription, std::string_view callback,
                              bool secrets) {
  Object json;
  json.put("id", subscription.id);
  json.put("revision", subscription.revision);
  json.put("since", subscription.since);
  json.put("owner", subscription.owner);
  json.put("via", subscription.via);
  json.put("created", subscription.created);
  json.put("updated", subscription.updated);
  json.put_raw("types", texts(subscription.types));
  json.put_raw("sources", texts(subscription.sources));
  json.put_text("filter", subscription.filter.text());
  if (const auto filters = subscription.filter.filters(); !filters.empty())
    json.put_raw("filters", filters);
  json.put("callback", callback);
  json.put("expires", subscription.expires);
  if (subscription.period != Duration{0}) json.put("period", subscription.period);
  json.put("state", to_text(subscription.state));
  json.put_text("reason", subscription.reason);
  if (subscription.own_only) json.put("management", own_events);
  if (secrets) {
    json.put_text("challengehash", subscription.challenge_hash);
    json.put_text("secret", subscription.secrets->current);
    json.put_text("former-secret", subscription.secrets->former);
    json.put("former-until", subscription.secrets->former_until);
    json.put_text("next-secret", subscription.websub->intent.secret);
  }
  if (is_websub(subscription)) json.put_raw("websub", websub_json(*subscription.websub));
  json.put_text("edition", subscription.edition);
  json.put_text("language", subscription.language);
  if (subscription.delivery != DeliveryOptions{})
    json.put_raw("delivery", delivery_json(subscription.delivery));
  if (!subscription.labels.empty()) json.put_raw("labels", labels_json(subscription.labels));
  return json.take();
}

std::string change_json(std::string_view subscription, std::string_view by, std::string_view reason,
                        bool redacted) {
  Object json;
  json.put_raw("subscription", subscription);
  json.put("by", by);
  json.put("reason", reason);
  if (redacted) json.put("redacted", true);
  return json.take();
}

}  // namespace

std::string to_json(const Subscription& subscription, bool secrets) {
  return subscription_json(subscription, subscription.callback, secrets);
}

std::string change_to_json(const Subscription& subscription, std::string_view by,
                           std::string_view reason) {
  const auto shown =
      subscription_json(subscription, redacted_callback(subscription.callback), false);
  return change_json(shown, by, reason, true);
}

std::string whole_change_to_json(std::string_view subscription, std::string_view by,
                                 std::string_view reason) {
  return change_json(subscription, by, reason, false);
}

std::string owner_from_json(std::string_view text) {
  const auto head = peek_subscription(text);
  return head ? head->owner : std::string();
}

}  // namespace sense

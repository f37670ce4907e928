// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/subscription.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/event/recipients.hpp"
#include "core/subscription/management_event.hpp"
#include "core/subscription/test_event.hpp"

namespace sense {

namespace {

constexpr std::size_t id_length_max = 64;
constexpr std::size_t name_length_max = 256;
constexpr std::size_t label_key_length_max = 64;
constexpr std::size_t label_length_max = 256;
constexpr std::size_t reason_length_max = 2048;

constexpr Duration period_max = std::chrono::years{10};

tl::unexpected<Error> refuse(Code code, std::string_view member, std::string_view why) {
  return fail(code, "subscription: " + std::string(member) + " " + std::string(why),
              std::string(member.substr(0, member.find(':'))));
}

Status check_text(std::string_view member, std::string_view text, std::size_t max) {
  if (text.size() > max)
    return refuse(Code::varvaltoobig, member, "is longer than " + std::to_string(max) + " octets");
  if (!valid_text(text)) return refuse(Code::badparam, member, "is not UTF-8 text without NUL");
  return {};
}

bool is_token(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '/';
  });
}

// An id that is not there yet is made later.
Status check_identity(const Subscription& s) {
  if (s.id.size() > id_length_max || !is_token(s.id))
    return refuse(Code::badparam, "id",
                  "has other than 1 to 64 letters, digits, '-', '.', '_', '/'");
  if (s.challenge_hash.size() != 64 && !s.challenge_hash.empty())
    return refuse(Code::badparam, "challengehash", "is not a SHA-256 in hexadecimal");
  const std::array<std::tuple<std::string_view, const std::string*, std::size_t>, 6> texts = {
      {{"owner", &s.owner, name_length_max},
       {"via", &s.via, name_length_max},
       {"reason", &s.reason, reason_length_max},
       {"challengehash", &s.challenge_hash, name_length_max},
       {"edition", &s.edition, name_length_max},
       {"language", &s.language, name_length_max}}};
  for (const auto& [member, text, max] : texts)
    if (auto status = check_text(member, *text, max); !status) return status;
  return {};
}

// Of WebSub the secret is the subscriber's own text, and is replaced, not rotated. There is none in
// a record as it is told to others.
Status check_websub(const Subscription& s) {
  if (!is_web_hook(s.callback))
    return refuse(Code::badparam, "websub", "is for callbacks with http: and https: only");
  const auto& secrets = *s.secrets;
  const bool good = secrets.current.empty() || websub_key(secrets.current);
  if (good && secrets.former.empty() && !secrets.former_until) return {};
  return refuse(Code::badparam, "secret",
                "of a subscription by WebSub is its hub.secret: subscribe again with another one");
}

Status check_secrets(const Subscription& s) {
  if (is_websub(s)) return check_websub(s);
  const auto status = validate(*s.secrets);
  if (status) return {};
  return fail(status.error().code, "subscription: " + status.error().message, status.error().field);
}

Status check_labels(const Subscription& s) {
  if (s.labels.size() > Subscription::labels_max)
    return refuse(Code::nomoreroom, "labels", "are more than 32");
  for (const auto& [key, value] : s.labels) {
    if (key.empty() || key.size() > label_key_length_max || !is_token(key))
      return refuse(Code::badparam, "labels",
                    "has a key with other than 1 to 64 letters, digits, '-', '.', '_', '/'");
    if (auto status = check_text("labels: " + key, value, label_length_max); !status) return status;
  }
  return {};
}

Status check_delivery(const DeliveryOptions& delivery) {
  const auto status = validate(delivery);
  if (status) return {};
  return fail(status.error().code, "subscription: delivery: " + status.error().message, "delivery");
}

bool out_of_years(WallTime time) { return time < WallTime{} || time > wall_time_max; }

Status check_times(const Subscription& s) {
  if (out_of_years(s.created)) return refuse(Code::badparam, "created", "is not in 1970 to 9999");
  if (out_of_years(s.updated)) return refuse(Code::badparam, "updated", "is not in 1970 to 9999");
  if (s.expires && out_of_years(*s.expires))
    return refuse(Code::badparam, "expires", "is not in 1970 to 9999");
  if (s.period < Duration{0} || s.period > period_max)
    return refuse(Code::badparam, "period", "is 0s to ten years");
  return {};
}

bool is_audit(const TypePattern& type) {
  const auto text = std::string_view(type.text());
  return text.starts_with('{') && text.substr(1).starts_with(audit_namespace) &&
         text.substr(1 + audit_namespace.size()).starts_with('}');
}

Status check_selection(const Subscription& s) {
  if (std::any_of(s.types.begin(), s.types.end(), is_audit))
    return refuse(Code::badparam, "types",
                  "has the audit trail, which no subscription gets: auditors read it by "
                  "`sense subscribe`");
  if (s.types.size() > Subscription::patterns_max)
    return refuse(Code::nomoreroom, "types", "has more than 256 patterns");
  if (s.sources.size() > Subscription::patterns_max)
    return refuse(Code::nomoreroom, "sources", "has more than 256 patterns");
  if (auto status = s.filter.check(); !status)
    return fail(status.error().code, "subscription: " + status.error().message,
                status.error().field);
  if (s.callback.empty()) return refuse(Code::varnotfound, "callback", "is missing");
  const auto uri = parse_uri(s.callback);
  if (!uri) return refuse(uri.error().code, "callback", uri.error().message);
  if (uri->port == 0)
    return refuse(Code::badparam, "callback", "has port 0, which cannot be connected to");
  return {};
}

bool is_management(const QName& type) { return type.ns() == management_namespace; }

bool type_wanted(const Subscription& subscription, const QName& type) {
  const bool management = is_management(type) || type.ns() == audit_namespace;
  if (subscription.types.empty()) return !management;
  return std::any_of(subscription.types.begin(), subscription.types.end(),
                     [&](const TypePattern& pattern) {
                       const bool named = pattern.kind() != TypePattern::Kind::any;
                       return (named || !management) && pattern.matches(type);
                     });
}

bool about_wanted(const Subscription& subscription, const Event& event) {
  return !subscription.own_only || !is_management(event.type) ||
         is_about(event, subscription.owner);
}

bool source_wanted(const Subscription& subscription, std::string_view source) {
  return subscription.sources.empty() ||
         std::any_of(subscription.sources.begin(), subscription.sources.end(),
                     [&](const SourcePattern& pattern) { return pattern.matches(source); });
}

// A media type names the form of the delivery, not that of the payload.
bool edition_wanted(const std::string& wanted, const std::string& edition) {
  return wanted.empty() || edition.empty() || wanted == edition ||
         wanted.find('/') != std::string::npos;
}

// Basic filtering of RFC 4647 section 3.3.1: "de" wants "de" and "de-CH".
bool language_wanted(const std::string& wanted, const std::string& language) {
  if (wanted.empty() || language.empty() || wanted == "*") return true;
  const bool whole = language.size() == wanted.size();
  if (!whole && (language.size() < wanted.size() || language[wanted.size()] != '-')) return false;
  return lower(wanted) == lower(std::string_view(language).substr(0, wanted.size()));
}

}  // namespace

std::string_view to_text(SubscriptionState state) {
  switch (state) {
    case SubscriptionState::pending: return "pending";
    case SubscriptionState::active: return "active";
    case SubscriptionState::paused: return "paused";
    case SubscriptionState::suspended: return "suspended";
    case SubscriptionState::ended: return "ended";
  }
  return "ended";
}

bool names_management(const Subscription& subscription) {
  const auto begin = "{" + std::string(management_namespace) + "}";
  return std::any_of(subscription.types.begin(), subscription.types.end(),
                     [&](const TypePattern& type) { return type.text().starts_with(begin); });
}

bool matches(const Subscription& subscription, const Event& event,
             std::span<const std::string> owner_names) {
  FilterSteps steps;
  return matches(subscription, event, steps, owner_names);
}

bool suspended_for_filter(const Subscription& subscription) {
  return subscription.state == SubscriptionState::suspended &&
         subscription.reason.starts_with(filter_too_dear);
}

bool matches(const Subscription& subscription, const Event& event, FilterSteps& steps,
             std::span<const std::string> owner_names) {
  if (owner_names.empty()) owner_names = {&subscription.owner, 1};
  // An event without a sequence is not stored yet: it is later than all stored ones.
  const bool too_early = event.sequence != 0 && event.sequence <= subscription.since;
  // A test event is for one subscription. One without an id only observes, and matches it normally.
  if (is_test(event.type) && !subscription.id.empty())
    return !too_early && event.subject == subscription.id;
  return !too_early && type_wanted(subscription, event.type) && about_wanted(subscription, event) &&
         source_wanted(subscription, event.source) && is_for(event, owner_names) &&
         edition_wanted(subscription.edition, event.edition) &&
         language_wanted(subscription.language, event.language) &&
         subscription.filter.passes(event, steps);
}

Status validate(const Subscription& subscription) {
  if (auto status = check_identity(subscription); !status) return status;
  if (auto status = check_selection(subscription); !status) return status;
  if (auto status = check_times(subscription); !status) return status;
  if (auto status = check_delivery(subscription.delivery); !status) return status;
  if (auto status = check_secrets(subscription); !status) return status;
  if (auto status = validate(*subscription.websub); !status)
    return fail(status.error().code, "subscription: " + status.error().message,
                status.error().field);
  return check_labels(subscription);
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>
#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <optional>

#include "core/base/text.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

using Element = simdjson::dom::element;

constexpr std::size_t json_length_max = 1024 * 1024;
constexpr std::array states = {SubscriptionState::pending, SubscriptionState::active,
                               SubscriptionState::paused, SubscriptionState::suspended,
                               SubscriptionState::ended};

tl::unexpected<Error> wrong_member(std::string_view what) {
  return fail(Code::badparam, std::string(what));
}

// Absent when the value is not a string.
std::optional<std::string_view> text_of(const Element& json) {
  std::string_view text;
  if (json.get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

// ---- Reading a member: the caller puts the member's name before the message ----

Status read(const Element& json, std::string& into) {
  const auto text = text_of(json);
  if (!text) return wrong_member("is not a text");
  into = *text;
  return {};
}

Status read(const Element& json, SubscriptionFilter& into) {
  const auto text = text_of(json);
  if (!text) return wrong_member("is not a text");
  into = SubscriptionFilter(*text, into.filters());
  return {};
}

// No filters are none: every event passes.
Status read_filters(const Element& json, Subscription& into) {
  simdjson::dom::array filters;
  if (json.get(filters) != simdjson::SUCCESS) return wrong_member("is not an array of filters");
  const auto text = filters.size() == 0 ? std::string() : simdjson::minify(json);
  into.filter = SubscriptionFilter(into.filter.text(), text);
  return {};
}

Status read(const Element& json, std::uint64_t& into) {
  if (json.get(into) != simdjson::SUCCESS) return wrong_member("is not a whole number from 0");
  return {};
}

Status read(const Element& json, std::optional<std::uint32_t>& into) {
  std::uint64_t number = 0;
  if (auto status = read(json, number); !status) return status;
  if (number > std::numeric_limits<std::uint32_t>::max())
    return wrong_member("is too big a number");
  into = static_cast<std::uint32_t>(number);
  return {};
}

Status read(const Element& json, Duration& into) {
  const auto text = text_of(json);
  if (!text) return wrong_member("is not a duration such as \"600s\"");
  const auto duration = parse_duration(*text);
  if (!duration) return wrong_member(duration.error().message);
  into = *duration;
  return {};
}

Status read(const Element& json, WallTime& into) {
  const auto text = text_of(json);
  if (!text) return wrong_member("is not an RFC 3339 time");
  const auto time = parse_rfc3339(*text);
  if (!time) return wrong_member(time.error().message);
  into = *time;
  return {};
}

// Declared here and defined behind all overloads, so that it finds them.
template <class T>
Status read(const Element& json, std::optional<T>& into);

Status read(const Element& json, SubscriptionState& into) {
  const auto text = text_of(json);
  for (const auto state : states) {
    if (text != to_text(state)) continue;
    into = state;
    return {};
  }
  return wrong_member("is not one of pending, active, paused, suspended, ended");
}

template <class Pattern>
Status read(const Element& json, std::vector<Pattern>& into) {
  simdjson::dom::array entries;
  if (json.get(entries) != simdjson::SUCCESS) return wrong_member("is not an array of patterns");
  if (entries.size() > Subscription::patterns_max)
    return fail(Code::nomoreroom, "has more than 256 patterns");
  into.reserve(entries.size());
  for (const Element entry : entries) {
    const auto text = text_of(entry);
    if (!text) return wrong_member("has an entry that is not a text");
    auto pattern = Pattern::parse(*text);
    if (!pattern) return tl::unexpected(pattern.error());
    into.push_back(*std::move(pattern));
  }
  return {};
}

Status read(const Element& json, std::map<std::string, std::string, std::less<>>& into) {
  simdjson::dom::object members;
  if (json.get(members) != simdjson::SUCCESS) return wrong_member("is not an object of texts");
  if (members.size() > Subscription::labels_max) return fail(Code::nomoreroom, "are more than 32");
  for (const auto [key, value] : members) {
    const auto [entry, fresh] = into.emplace(key, "");
    if (!fresh) return wrong_member("a member is repeated");
    if (!read(value, entry->second)) return wrong_member("has a value that is not a text");
  }
  return {};
}

Status read(const Element& json, double& into) {
  if (json.get(into) != simdjson::SUCCESS) return wrong_member("is not a number");
  return {};
}

template <class Choice>
Status choose(const Element& json, Choice& into, Choice first, Choice second) {
  const auto text = text_of(json);
  for (const auto choice : {first, second}) {
    if (text != to_text(choice)) continue;
    into = choice;
    return {};
  }
  return wrong_member("is neither \"" + std::string(to_text(first)) + "\" nor \"" +
                      std::string(to_text(second)) + "\"");
}
Status read(const Element& json, Coalesce& into) {
  return choose(json, into, Coalesce::batch, Coalesce::latest);
}
Status read(const Element& json, Order& into) {
  return choose(json, into, Order::none, Order::source);
}
Status read(const Element& json, OnFailure& into) {
  return choose(json, into, OnFailure::dead_letter, OnFailure::drop);
}

Status read(const Element& json, Digest& into);
Status read(const Element& json, DeliveryOptions& into);

template <class T>
Status read(const Element& json, std::optional<T>& into) {
  return read(json, into.emplace());
}

// One row per member; `read` picks the overload by the field's type.
template <class Object>
struct Member {
  std::string_view name;
  Status (*read)(const Element&, Object&);
};

template <auto Field>
constexpr auto field = [](const Element& json, auto& object) { return read(json, object.*Field); };

template <class Object, std::size_t N>
Status read_members(const Element& json, Object& into,
                    const std::array<Member<Object>, N>& members) {
  simdjson::dom::object object;
  if (json.get(object) != simdjson::SUCCESS) return wrong_member("is not an object");
  std::bitset<N> seen;
  for (const auto [key, value] : object) {
    const auto found =
        std::find_if(members.begin(), members.end(),
                     [name = key](const auto& member) { return member.name == name; });
    if (found == members.end()) {
      std::vector<std::string> names;
      for (const auto& member : members) names.emplace_back(member.name);
      const auto near = nearest(key.substr(0, 64), names);
      return wrong_member("unknown member '" + printable(key.substr(0, 64)) + "'" +
                          (near.empty() ? "" : "; is '" + near + "' meant?"));
    }
    const auto place = static_cast<std::size_t>(found - members.begin());
    if (seen[place]) return wrong_member("member '" + std::string(found->name) + "' is repeated");
    seen.set(place);
    if (auto status = found->read(value, into); !status)
      return fail(status.error().code, std::string(found->name) + " " + status.error().message,
                  std::string(found->name));
  }
  return {};
}

template <auto Field>
constexpr auto sparse = [](const Element& json, DeliveryOptions& options) {
  return read(json, options.sparse.edit().*Field);
};

constexpr std::array<Member<Digest>, 4> digest_members = {{
    {"interval", field<&Digest::interval>},
    {"until",
     [](const Element& json, Digest& digest) -> Status {
       const auto time = parse_time_of_day(text_of(json).value_or(""));
       if (!time) return tl::unexpected(time.error());
       digest.until = *time;
       return {};
     }},
    {"count", field<&Digest::count>},
    {"octets", field<&Digest::octets>},
}};

Status read(const Element& json, Digest& into) { return read_members(json, into, digest_members); }

constexpr std::array<Member<DeliveryOptions>, 18> delivery_members = {{
    {"retry-initial", field<&DeliveryOptions::retry_initial>},
    {"retry-factor", sparse<&SparseOptions::retry_factor>},
    {"retry-max", field<&DeliveryOptions::retry_max>},
    {"retry-jitter", sparse<&SparseOptions::retry_jitter>},
    {"retry-count", field<&DeliveryOptions::retry_count>},
    {"retry-span", sparse<&SparseOptions::retry_span>},
    {"expiry", field<&DeliveryOptions::expiry>},
    {"hold", sparse<&SparseOptions::hold>},
    {"min-interval", sparse<&SparseOptions::min_interval>},
    {"max-latency", sparse<&SparseOptions::max_latency>},
    {"coalesce", sparse<&SparseOptions::coalesce>},
    {"digest", sparse<&SparseOptions::digest>},
    {"order", sparse<&SparseOptions::order>},
    {"window", field<&DeliveryOptions::window>},
    {"rate", sparse<&SparseOptions::rate>},
    {"on-failure", sparse<&SparseOptions::on_failure>},
    {"suspend-after", sparse<&SparseOptions::suspend_after>},
    {"suspend-over", sparse<&SparseOptions::suspend_over>},
}};

Status read(const Element& json, DeliveryOptions& into) {
  return read_members(json, into, delivery_members);
}

constexpr std::array<Member<WebSub>, 3> websub_members = {{
    {"topic", field<&WebSub::topic>},
    {"intent",
     [](const Element& json, WebSub& websub) {
       using Kind = WebSub::Intent::Kind;
       return choose(json, websub.intent.kind, Kind::subscribe, Kind::unsubscribe);
     }},
    {"period",
     [](const Element& json, WebSub& websub) { return read(json, websub.intent.period); }},
}};

Status read(const Element& json, WebSub& into) { return read_members(json, into, websub_members); }

template <auto Field>
constexpr auto of_secrets = [](const Element& json, Subscription& subscription) {
  return read(json, subscription.secrets.edit().*Field);
};

constexpr std::array<Member<Subscription>, 27> subscription_members = {{
    {"id", field<&Subscription::id>},
    {"revision", field<&Subscription::revision>},
    {"since", field<&Subscription::since>},
    {"owner", field<&Subscription::owner>},
    {"via", field<&Subscription::via>},
    {"created", field<&Subscription::created>},
    {"updated", field<&Subscription::updated>},
    {"types", field<&Subscription::types>},
    {"sources", field<&Subscription::sources>},
    {"filter", field<&Subscription::filter>},
    {"filters", read_filters},
    {"callback", field<&Subscription::callback>},
    {"expires", field<&Subscription::expires>},
    {"period", field<&Subscription::period>},
    {"state", field<&Subscription::state>},
    {"reason", field<&Subscription::reason>},
    {"management",
     [](const Element& json, Subscription& subscription) -> Status {
       subscription.own_only = text_of(json) == "own";
       return subscription.own_only ? Status() : wrong_member("is \"own\", or left out");
     }},
    {"challengehash", field<&Subscription::challenge_hash>},
    {"secret", of_secrets<&WebhookSecrets::current>},
    {"former-secret", of_secrets<&WebhookSecrets::former>},
    {"former-until", of_secrets<&WebhookSecrets::former_until>},
    {"websub", [](const Element& json,
                  Subscription& subscription) { return read(json, subscription.websub.edit()); }},
    {"next-secret",
     [](const Element& json, Subscription& subscription) {
       return read(json, subscription.websub.edit().intent.secret);
     }},
    {"edition", field<&Subscription::edition>},
    {"language", field<&Subscription::language>},
    {"delivery", field<&Subscription::delivery>},
    {"labels", field<&Subscription::labels>},
}};

// What its owner decides when it is made.
constexpr std::array<Member<Subscription>, 11> requested_members = {{
    {"callback", field<&Subscription::callback>},
    {"types", field<&Subscription::types>},
    {"sources", field<&Subscription::sources>},
    {"filter", field<&Subscription::filter>},
    {"filters", read_filters},
    {"period",
     [](const Element& json, Subscription& subscription) -> Status {
       auto status = read(json, subscription.period);
       if (status && subscription.period <= Duration{0}) return wrong_member("is longer than 0s");
       return status;
     }},
    {"edition", field<&Subscription::edition>},
    {"language", field<&Subscription::language>},
    {"delivery", field<&Subscription::delivery>},
    {"labels", field<&Subscription::labels>},
    {"secret", of_secrets<&WebhookSecrets::current>},
}};

simdjson::dom::parser make_parser() {
  constexpr std::size_t octets = 4096;  // grows
  constexpr std::size_t depth_max = 16;
  simdjson::dom::parser parser(json_length_max);
  [[maybe_unused]] const auto problem = parser.allocate(octets, depth_max);
  return parser;
}

// Valid until the next call in this thread.
Result<Element> parse(std::string_view text) {
  if (text.size() > json_length_max)
    return fail(Code::datatoobig, "subscription: the JSON is longer than 1 MiB");
  thread_local auto parser = make_parser();
  Element json;
  const auto problem = parser.parse(text).get(json);
  if (problem == simdjson::DEPTH_ERROR)
    return wrong_member("subscription: it nests deeper than a subscription does");
  if (problem == simdjson::NUMBER_ERROR)
    return wrong_member("subscription: a number cannot be read");
  if (problem != simdjson::SUCCESS) return wrong_member("subscription: this is not valid JSON");
  return json;
}

template <std::size_t N>
Result<Subscription> read_subscription(const Element& json,
                                       const std::array<Member<Subscription>, N>& members) {
  Subscription subscription;
  if (auto status = read_members(json, subscription, members); !status)
    return fail(status.error().code, "subscription: " + status.error().message,
                status.error().field);
  if (auto status = validate(subscription); !status) return tl::unexpected(status.error());
  return subscription;
}

}  // namespace

Result<Subscription> subscription_from_json(std::string_view json) {
  const auto parsed = parse(json);
  if (!parsed) return tl::unexpected(parsed.error());
  return read_subscription(*parsed, subscription_members);
}

Result<Subscription> requested_subscription_from_json(std::string_view json) {
  const auto parsed = parse(json);
  if (!parsed) return tl::unexpected(parsed.error());
  return read_subscription(*parsed, requested_members);
}

std::optional<AnnouncedChange> change_from_json(std::string_view json) {
  const auto parsed = parse(json);
  Element subscription;
  if (!parsed || parsed->at_key("subscription").get(subscription) != simdjson::SUCCESS)
    return std::nullopt;
  if (parsed->at_key("redacted").error() == simdjson::SUCCESS) return std::nullopt;
  std::string_view reason;
  if (parsed->at_key("reason").get(reason) != simdjson::SUCCESS) reason = {};
  return AnnouncedChange{read_subscription(subscription, subscription_members),
                         std::string(reason)};
}

Result<SubscriptionHead> peek_subscription(std::string_view json) {
  const auto parsed = parse(json);
  if (!parsed || !parsed->is_object()) return fail(Code::badparam, "subscription: not JSON");
  SubscriptionHead head;
  std::string_view text;
  if (parsed->at_key("owner").get(text) == simdjson::SUCCESS) head.owner = text;
  if (parsed->at_key("expires").get(text) != simdjson::SUCCESS) return head;
  const auto time = parse_rfc3339(text);
  if (!time) return fail(Code::badparam, "subscription: expires is not a time");
  head.expires = *time;
  return head;
}

}  // namespace sense

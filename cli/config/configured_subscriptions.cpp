// SPDX-License-Identifier: Apache-2.0
#include "cli/config/configured_subscriptions.hpp"

#include <cctype>
#include <set>

#include "cli/base/output.hpp"
#include "cli/config/config_tables.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

constexpr std::array<std::string_view, 3> nested{"labels", "delivery", "filters"};

// Where a name stands in a sentence as a word; npos: nowhere.
std::size_t find_word(std::string_view sentence, std::string_view name) {
  const auto part_of_a_word = [&](std::size_t at) {
    return at < sentence.size() && (std::isalnum(static_cast<unsigned char>(sentence[at])) != 0 ||
                                    sentence[at] == '-' || sentence[at] == '_');
  };
  for (auto at = sentence.find(name); at != sentence.npos; at = sentence.find(name, at + 1))
    if (!part_of_a_word(at - 1) && !part_of_a_word(at + name.size())) return at;
  return sentence.npos;
}

// The member that a sentence names first; null: none.
const YamlNode* member_in(const YamlNode& node, std::string_view sentence) {
  const YamlNode* named = nullptr;
  auto first = sentence.npos;
  for (const auto& [key, value] : node.entries) {
    const auto at = find_word(sentence, key);
    if (at >= first) continue;
    first = at;
    named = &value;
  }
  return named;
}

// What the record's own code refused, with the place of what it is about.
tl::unexpected<Error> refuse(const YamlNode& node, const std::string& sentence) {
  const auto* named = member_in(node, sentence);
  if (named == nullptr) return node.refuse(sentence);
  while (const auto* deeper = member_in(*named, sentence)) named = deeper;
  return named->refuse_key(sentence);
}

// The table has checked each.
template <class Pattern>
void read_patterns(std::vector<Pattern>& patterns, const std::vector<std::string>& texts) {
  for (const auto& text : texts)
    if (auto pattern = Pattern::parse(text)) patterns.push_back(std::move(*pattern));
}

Status read_labels(Subscription& subscription, const YamlNode& mapping) {
  const auto* node = mapping.find("labels");
  if (node == nullptr) return {};
  if (node->kind != YamlNode::Kind::mapping)
    return node->refuse("'labels' takes a mapping (name: value)");
  for (const auto& [name, value] : node->entries) {
    if (value.kind != YamlNode::Kind::scalar)
      return value.refuse("label '" + printable(name) + "' takes one value");
    subscription.labels.emplace(name, value.scalar);
  }
  return {};
}

// A number if it looks like one; all else is text, as durations are.
std::string json_of_scalar(std::string_view scalar) {
  const bool like_number = scalar.find_first_of("-0123456789") == 0;
  const auto number = like_number ? JsonDocument::parse(scalar) : std::nullopt;
  return number ? number->root().dump() : json_string(scalar);
}

std::string json_of(const YamlNode& node, std::string (*of_scalar)(std::string_view)) {
  std::vector<std::string> items;
  JsonObject object;
  switch (node.kind) {
    case YamlNode::Kind::null: return "null";
    case YamlNode::Kind::scalar: return of_scalar(node.scalar);
    case YamlNode::Kind::sequence:
      for (const auto& item : node.items) items.push_back(json_of(item, of_scalar));
      return json_array(items);
    case YamlNode::Kind::mapping:
      for (const auto& [key, value] : node.entries) object.put_raw(key, json_of(value, of_scalar));
      return object.take();
  }
  return "null";
}

// The same members as everywhere, read by the same code. Absent: there is no such member.
Result<std::optional<Subscription>> read_as_json(const Subscription& subscription,
                                                 const YamlNode& mapping, std::string_view member,
                                                 std::string (*of_scalar)(std::string_view)) {
  const auto* node = mapping.find(member);
  if (node == nullptr || node->kind == YamlNode::Kind::null) return std::nullopt;
  JsonObject whole;
  whole.put("callback", subscription.callback).put_raw(member, json_of(*node, of_scalar));
  auto read = subscription_from_json(whole.take());
  if (!read) return refuse(*node, read.error().message);
  return *std::move(read);
}

Status read_delivery(Subscription& subscription, const YamlNode& mapping) {
  const auto read = read_as_json(subscription, mapping, "delivery", json_of_scalar);
  if (!read) return tl::unexpected(read.error());
  if (*read) subscription.delivery = (*read)->delivery;
  return {};
}

// All values in filters are texts.
Status read_filters(Subscription& subscription, const YamlNode& mapping) {
  const auto read = read_as_json(subscription, mapping, "filters", json_string);
  if (!read) return tl::unexpected(read.error());
  if (*read) subscription.filter = {subscription.filter.text(), (*read)->filter.filters()};
  return {};
}

Status read_members(Subscription& subscription, const Settings& settings, const YamlNode& node) {
  if (subscription.id.empty()) return node.refuse("a subscription needs an `id`");
  if (subscription.callback.empty()) return node.refuse("a subscription needs a `callback`");
  subscription.filter = settings.text("filter");
  subscription.edition = settings.text("edition");
  subscription.language = settings.text("language");
  read_patterns(subscription.types, settings.list("types"));
  read_patterns(subscription.sources, settings.list("sources"));
  if (auto good = read_labels(subscription, node); !good) return good;
  if (auto good = read_delivery(subscription, node); !good) return good;
  if (auto good = read_filters(subscription, node); !good) return good;
  if (auto good = validate(subscription); !good) return refuse(node, good.error().message);
  return {};
}

// Of what concerns several members together, the first mistake only.
Subscription read_one(const YamlNode& node, WallTime created, Mistakes& mistakes) {
  Subscription subscription;
  const auto before = mistakes.size();
  const auto settings = read_settings(node, subscription_options, nested, "", mistakes);
  subscription.id = settings.text("id");
  subscription.callback = settings.text("callback");
  subscription.owner = "config";
  subscription.via = "config";
  subscription.created = subscription.updated = created;
  subscription.state = SubscriptionState::active;
  if (mistakes.size() != before) return subscription;
  if (auto good = read_members(subscription, settings, node); !good)
    mistakes.push_back(good.error());
  return subscription;
}

}  // namespace

std::vector<Subscription> read_configured_subscriptions(const YamlNode& node, WallTime created,
                                                        Mistakes& mistakes) {
  std::vector<Subscription> subscriptions;
  const auto refuse = [&](const YamlNode& place, const std::string& why) {
    mistakes.push_back(place.refuse(why).value());
  };
  if (node.kind != YamlNode::Kind::null && node.kind != YamlNode::Kind::sequence)
    refuse(node, "'subscriptions' takes a list of mappings");
  std::set<std::string> ids;
  for (const auto& item : node.items) {
    if (item.kind != YamlNode::Kind::mapping) {
      refuse(item, "each subscription is a mapping with `id` and `callback`");
      continue;
    }
    auto subscription = read_one(item, created, mistakes);
    if (!subscription.id.empty() && !ids.insert(subscription.id).second)
      refuse(item, "there are two subscriptions with the id '" + printable(subscription.id) + "'");
    subscriptions.push_back(std::move(subscription));
  }
  return subscriptions;
}

Result<std::vector<Subscription>> read_configured_subscriptions(const YamlNode& node,
                                                                WallTime created) {
  Mistakes mistakes;
  auto subscriptions = read_configured_subscriptions(node, created, mistakes);
  if (!mistakes.empty()) return tl::unexpected(mistakes.front());
  return subscriptions;
}

}  // namespace sense::cli

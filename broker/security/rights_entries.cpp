// SPDX-License-Identifier: Apache-2.0
#include "broker/security/rights_entries.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/config/values.hpp"

namespace sense {

namespace {

constexpr std::size_t entries_max = 1'000;  // of one right of one principal
constexpr std::size_t shown_length_max = 80;

}  // namespace

std::string in_quotes(std::string_view text) {
  return "'" + printable(text.substr(0, shown_length_max)) + "'";
}

Status known_keys(const YamlNode& node, const std::vector<std::string>& known) {
  for (const auto& [key, value] : node.entries) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string all;
    for (const auto& name : known) all += (all.empty() ? "'" : ", '") + name + "'";
    const auto close = nearest(key, known);
    return value.refuse_key(
        "unknown key " + in_quotes(key) +
        (close.empty() ? "; known here are " + all : "; did you mean '" + close + "'?"));
  }
  return {};
}

Result<std::string> read_scalar(const YamlNode& node, const std::string& key) {
  if (node.kind != YamlNode::Kind::scalar)
    return node.refuse("'" + key + "' takes one value, such as a text in quotes");
  return node.scalar;
}

namespace {

Result<bool> read_boolean(const YamlNode& node, const std::string& key) {
  const auto flag = node.kind == YamlNode::Kind::scalar ? parse_boolean(node.scalar) : std::nullopt;
  if (flag) return *flag;
  return node.refuse("'" + key + "' is true or false");
}

template <class Pattern>
Status read_pattern(Pattern& pattern, const YamlNode& node, const std::string& key) {
  const auto text = read_scalar(node, key);
  if (!text) return tl::unexpected(text.error());
  auto parsed = Pattern::parse(*text);
  if (!parsed) return node.refuse("'" + key + "': " + parsed.error().message);
  pattern = std::move(*parsed);
  return {};
}

// A pattern of types alone, or {type: PATTERN, source: PATTERN}.
Result<Rule> read_rule(const YamlNode& node, const std::string& key) {
  Rule rule = Rule::everything();
  if (node.kind != YamlNode::Kind::mapping) {
    if (auto good = read_pattern(rule.type, node, key); !good) return tl::unexpected(good.error());
    return rule;
  }
  if (auto good = known_keys(node, {"type", "source"}); !good) return tl::unexpected(good.error());
  if (const auto* type = node.find("type"))
    if (auto good = read_pattern(rule.type, *type, "type"); !good)
      return tl::unexpected(good.error());
  if (const auto* source = node.find("source"))
    if (auto good = read_pattern(rule.source, *source, "source"); !good)
      return tl::unexpected(good.error());
  if (node.entries.empty())
    return node.refuse("'" + key + "' has an empty rule; for everything write \"*\"");
  return rule;
}

Status check_list(const YamlNode& node, const std::string& key) {
  if (node.kind != YamlNode::Kind::sequence)
    return node.refuse("'" + key + "' takes a list, such as [\"{urn:example}*\"]");
  if (node.items.size() > entries_max)
    return node.refuse("'" + key + "' has more than " + std::to_string(entries_max) + " entries");
  return {};
}

Status read_rules(std::vector<Rule>& rules, const YamlNode& node, const std::string& key) {
  if (auto good = check_list(node, key); !good) return good;
  for (const auto& item : node.items) {
    auto rule = read_rule(item, key);
    if (!rule) return tl::unexpected(rule.error());
    rules.push_back(std::move(*rule));
  }
  return {};
}

}  // namespace

Status read_names(std::vector<std::string>& names, const YamlNode& node, const std::string& key) {
  if (auto good = check_list(node, key); !good) return good;
  for (const auto& item : node.items) {
    auto name = read_scalar(item, key);
    if (!name) return tl::unexpected(name.error());
    if (name->empty())
      return item.refuse("'" + key + "' has an empty name; for every one write \"*\"");
    names.push_back(std::move(*name));
  }
  return {};
}

namespace {

Status read_right(Rights::Granted& granted, const std::string& key, const YamlNode& value) {
  if (key == "publish") return read_rules(granted.publish, value, key);
  if (key == "subscribe") return read_rules(granted.subscribe, value, key);
  if (key == "route") return read_names(granted.route, value, key);
  if (key == "speak-for") return read_names(granted.speak_for, value, key);
  if (key != "list" && key != "manage" && key != "audit") return {};
  const auto may = read_boolean(value, key);
  if (!may) return tl::unexpected(may.error());
  (key == "list" ? granted.list : key == "manage" ? granted.manage : granted.audit) = *may;
  return {};
}

// Events between gateways tell all that is owed to subscribers: who may read them must have the
// right to know.
Status check_reserved_rules(const Rights::Granted& granted, const YamlNode& node) {
  for (const auto& rule : granted.subscribe) {
    const auto selected = rule.type.topic_prefix();
    if (selected.starts_with(bus::unannounced_topics))
      return node.refuse_key("'subscribe' does not grant the audit trail: write 'audit: true'");
    if (selected.starts_with(reserved_namespaces[1]) && !granted.manage)
      return node.refuse_key("'subscribe' to " + std::string(reserved_namespaces[1]) +
                             " needs 'manage: true': these events are between gateways");
  }
  return {};
}

}  // namespace

std::vector<std::string> rights_keys() {
  return {"publish", "subscribe", "route", "speak-for", "list", "manage", "audit"};
}

Result<Rights::Granted> read_rights(const YamlNode& node) {
  Rights::Granted granted;
  for (const auto& [right, value] : node.entries)
    if (auto good = read_right(granted, right, value); !good) return tl::unexpected(good.error());
  if (auto good = check_reserved_rules(granted, node); !good) return tl::unexpected(good.error());
  return granted;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "broker/security/access_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "core/bus/keys.hpp"
#include "core/config/values.hpp"
#include "core/config/yaml.hpp"

namespace sense {

namespace {

constexpr std::size_t principals_max = 10'000;
constexpr std::size_t rules_max = 1'000;  // of one right of one principal
constexpr std::size_t shown_length_max = 80;

using Names = std::vector<std::string>;

std::string in_quotes(std::string_view text) {
  return "'" + printable(text.substr(0, shown_length_max)) + "'";
}

Status known_keys(const YamlNode& node, const Names& known) {
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
  if (node.items.size() > rules_max)
    return node.refuse("'" + key + "' has more than " + std::to_string(rules_max) + " entries");
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

Status read_right(Rights::Granted& granted, const std::string& key, const YamlNode& value) {
  if (key == "publish") return read_rules(granted.publish, value, key);
  if (key == "subscribe") return read_rules(granted.subscribe, value, key);
  if (key == "route") return read_names(granted.route, value, key);
  if (key == "speak-for") return read_names(granted.speak_for, value, key);
  if (key != "list" && key != "manage") return {};
  const auto may = read_boolean(value, key);
  if (!may) return tl::unexpected(may.error());
  (key == "list" ? granted.list : granted.manage) = *may;
  return {};
}

// Management events tell of the subscriptions of others, and those between gateways of all that is
// owed to them: who may read them must have the right to know.
Status check_reserved_rules(const Rights::Granted& granted, const YamlNode& node) {
  for (const auto& rule : granted.subscribe) {
    const auto selected = rule.type.topic_prefix();
    if (selected.starts_with(reserved_namespaces[0]) && !granted.list && !granted.manage)
      return node.refuse_key("'subscribe' to " + std::string(reserved_namespaces[0]) +
                             " needs 'list: true': these events tell of subscriptions of others");
    if (selected.starts_with(reserved_namespaces[1]) && !granted.manage)
      return node.refuse_key("'subscribe' to " + std::string(reserved_namespaces[1]) +
                             " needs 'manage: true': these events are between gateways");
  }
  return {};
}

Result<std::string> read_name(const YamlNode& node) {
  const auto* given = node.find("name");
  if (given == nullptr) return node.refuse("'name' is missing: every principal has one");
  auto name = read_scalar(*given, "name");
  if (!name) return name;
  if (!valid_principal(*name))
    return given->refuse(in_quotes(*name) +
                         " cannot be a name: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
  if (*name == principal_broker || *name == principal_config || *name == principal_external)
    return given->refuse("the name " + in_quotes(*name) + " is the broker's own; give another");
  return name;
}

Result<std::string> read_key(const YamlNode& node, const std::string& name) {
  const auto* given = node.find("key");
  const bool keyless =
      name == principal_local || name == principal_plaintext || name == principal_anonymous;
  if (keyless && given != nullptr)
    return given->refuse_key("'" + name + "' has no key: it is the principal of " +
                             (name == principal_local       ? "connections through ipc://"
                              : name == principal_plaintext ? "connections without a key"
                                                            : "clients that have proved nothing") +
                             "; leave 'key' out, or give another name");
  if (keyless) return std::string();
  if (given == nullptr)
    return node.refuse("'key' of " + in_quotes(name) +
                       " is missing: the public key that `sense keys show FILE` prints");
  auto key = read_scalar(*given, "key");
  if (key && !valid_key(*key))
    return given->refuse("'key' of " + in_quotes(name) +
                         " is not a public key, which has 40 characters: `sense keys show FILE` "
                         "prints it; mind the quotes around it");
  return key;
}

Result<Principal> read_principal(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::mapping)
    return node.refuse("a principal is a mapping, such as  - {name: shop, key: \"...\"}");
  if (auto good = known_keys(
          node, {"name", "key", "publish", "subscribe", "route", "speak-for", "list", "manage"});
      !good)
    return tl::unexpected(good.error());
  auto name = read_name(node);
  if (!name) return tl::unexpected(name.error());
  auto key = read_key(node, *name);
  if (!key) return tl::unexpected(key.error());
  Rights::Granted granted;
  for (const auto& [right, value] : node.entries)
    if (auto good = read_right(granted, right, value); !good) return tl::unexpected(good.error());
  if (auto good = check_reserved_rules(granted, node); !good) return tl::unexpected(good.error());
  return Principal{std::move(*name), std::move(*key),
                   std::make_shared<const Rights>(std::move(granted))};
}

Status check_writers(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};  // reading it reports the reason
  const bool ours = found.st_uid == ::geteuid() || found.st_uid == 0;
  if (ours && (found.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return fail(Code::noaccess, "the access file " + printable(path) +
                                  " can be changed by other users, who could grant themselves "
                                  "access: run `chown root` and `chmod go-w` on it");
}

Result<AccessList> access_of(const YamlNode& root) {
  if (root.kind == YamlNode::Kind::null) return AccessList();
  if (root.kind != YamlNode::Kind::mapping)
    return root.refuse("a mapping with the key 'principals' must stand here");
  if (auto good = known_keys(root, {"principals"}); !good) return tl::unexpected(good.error());
  const auto* list = root.find("principals");
  if (list == nullptr || list->kind == YamlNode::Kind::null) return AccessList();
  if (list->kind != YamlNode::Kind::sequence)
    return list->refuse("'principals' takes a list of  - name: ...");
  if (list->items.size() > principals_max)
    return list->refuse("there are more than " + std::to_string(principals_max) + " principals");
  std::vector<Principal> principals;
  std::set<std::string> taken;
  for (const auto& item : list->items) {
    auto principal = read_principal(item);
    if (!principal) return tl::unexpected(principal.error());
    if (!taken.insert(principal->name).second)
      return item.refuse("'name': there is a principal " + in_quotes(principal->name) + " already");
    if (!principal->key.empty() && !taken.insert(principal->key).second)
      return item.refuse("'key' of " + in_quotes(principal->name) +
                         " is that of another principal already: each has a key of its own");
    principals.push_back(std::move(*principal));
  }
  return AccessList(std::move(principals));
}

}  // namespace

Result<AccessList> parse_access_file(std::string_view text, std::string_view name) {
  const auto root = parse_yaml(text, name);
  if (!root) return tl::unexpected(root.error());
  return access_of(*root);
}

Result<AccessList> read_access_file(const std::string& path) {
  if (auto good = check_writers(path); !good) return tl::unexpected(good.error());
  const auto root = read_yaml_file(path);
  if (!root) return tl::unexpected(root.error());
  return access_of(*root);
}

std::string access_entry(std::string_view name, std::string_view key) {
  return "  - {name: \"" + std::string(name) + "\", key: \"" + std::string(key) +
         "\", publish: [\"{urn:example}*\"], subscribe: [\"{urn:example}*\"]}";
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "cli/subscriptions/subscription_file.hpp"

#include <nlohmann/json.hpp>

#include "cli/config/configured_subscriptions.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/config/yaml.hpp"
#include "core/subscription/subscription_edit.hpp"

namespace sense::cli {

namespace {

using OrderedJson = nlohmann::ordered_json;

std::string scalar(const OrderedJson& value) { return json_text(value); }

// JSON with the spaces that make it valid YAML.
std::string flow(const OrderedJson& value) {
  if (!value.is_structured()) return scalar(value);
  std::string text;
  for (const auto& [key, item] : value.items())
    text += (text.empty() ? "" : ", ") + (value.is_object() ? scalar(key) + ": " : "") + flow(item);
  return value.is_object() ? "{" + text + "}" : "[" + text + "]";
}

}  // namespace

std::string yaml_of(const Subscription& subscription) {
  const auto members = OrderedJson::parse(to_json(subscription, /*secrets=*/false), nullptr,
                                          /*allow_exceptions=*/false);
  std::string text = "  - id: " + scalar(OrderedJson(subscription.id)) + "\n";
  for (const auto name : editable_members) {
    const auto member = members.find(name);
    if (member == members.end() || (member->is_structured() && member->empty())) continue;
    text += "    " + std::string(name) + ": " + flow(*member) + "\n";
  }
  return text;
}

Result<std::vector<Subscription>> read_subscription_file(std::string_view text,
                                                         std::string_view name, WallTime now) {
  const auto root = parse_yaml(text, name);
  if (!root) return tl::unexpected(root.error());
  const auto* list = root->find("subscriptions");
  if (root->kind != YamlNode::Kind::mapping || list == nullptr)
    return root->refuse("a list under the key `subscriptions:` is to be imported");
  for (const auto& [key, value] : root->entries)
    if (key != "subscriptions")
      return value.refuse_key("only `subscriptions` can be imported, not '" +
                              printable(key.substr(0, 64)) + "'");
  return read_configured_subscriptions(*list, now);
}

}  // namespace sense::cli

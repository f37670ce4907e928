// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/text.hpp"
#include "core/config/settings.hpp"
#include "core/config/values.hpp"

// The two ways between an option table and YAML: reading values in, and writing the defaults out.
namespace sense {

namespace {

constexpr std::size_t line_length_max = 100;
constexpr std::size_t key_length_shown = 80;

std::vector<std::string> known_keys(std::span<const Option> table,
                                    std::span<const std::string_view> extra) {
  std::vector<std::string> keys;
  for (const auto& option : table) keys.emplace_back(option.key);
  for (const auto key : extra) keys.emplace_back(key);
  return keys;
}

Status refuse_unknown(std::string_view key, const YamlNode& value,
                      const std::vector<std::string>& known) {
  const auto shown = key.substr(0, key_length_shown);
  std::string message = "unknown key '" + printable(shown) + (shown == key ? "'" : "...'");
  const auto close = nearest(shown, known);
  if (!close.empty()) {
    message += "; did you mean '" + close + "'?";
  } else if (!known.empty() && known.size() <= 12) {
    message += "; known here are";
    for (const auto& name : known) message += (&name == &known.front() ? " '" : ", '") + name + "'";
  }
  return value.refuse_key(message);
}

Status read_list(Settings& settings, const std::string& key, const YamlNode& value) {
  std::vector<std::string> entries;
  for (const auto& item : value.items) {
    if (item.kind != YamlNode::Kind::scalar)
      return item.refuse("an entry of the list '" + key + "' must be a single value");
    entries.push_back(item.scalar);
  }
  if (auto good = settings.set_list(key, std::move(entries)); !good)
    return value.refuse(good.error().message);
  return {};
}

Status read_value(Settings& settings, const Option& option, const YamlNode& value) {
  const std::string key = option.key;
  const std::string named = "'" + key + "'";
  if (value.kind == YamlNode::Kind::null)
    return value.refuse_key(named + " has no value; leave the key out to get its default");
  if (option.type == OptionType::list) {
    if (value.kind != YamlNode::Kind::sequence)
      return value.refuse(named + " takes a list, such as [one, two]");
    return read_list(settings, key, value);
  }
  if (value.kind != YamlNode::Kind::scalar)
    return value.refuse(named + " takes one value (" + std::string(type_text(option.type)) + ")");
  if (auto good = settings.set(key, value.scalar); !good) return value.refuse(good.error().message);
  return {};
}

void append_comment(std::string& out, const std::string& margin, std::string_view text) {
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) out += margin + "#" + line + "\n";
    line.clear();
  };
  for (const auto word : split(text, ' ')) {
    if (margin.size() + line.size() + word.size() + 2 > line_length_max) flush();
    line += " " + std::string(word);
  }
  flush();
}

}  // namespace

Result<Settings> read_settings(const YamlNode& mapping, std::span<const Option> table,
                               std::span<const std::string_view> extra) {
  auto settings = Settings::defaults(table);
  if (mapping.kind == YamlNode::Kind::null) return settings;
  if (mapping.kind != YamlNode::Kind::mapping)
    return mapping.refuse("a mapping (key: value) must stand here");
  for (const auto& [key, value] : mapping.entries) {
    if (std::find(extra.begin(), extra.end(), key) != extra.end()) continue;
    const auto option = std::find_if(table.begin(), table.end(),
                                     [&](const Option& known) { return key == known.key; });
    const auto good = option == table.end() ? refuse_unknown(key, value, known_keys(table, extra))
                                            : read_value(settings, *option, value);
    if (!good) return tl::unexpected(good.error());
  }
  return settings;
}

std::string describe(std::span<const Option> table, unsigned indent) {
  const std::string margin(indent, ' ');
  const auto shown = Settings::defaults(table).shown();
  std::string out;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto& option = table[i];
    append_comment(out, margin, option.help);
    std::string kind(type_text(option.type));
    if (const auto range = range_text(option); !range.empty()) kind += ", " + range;
    append_comment(out, margin, "(" + kind + ")");
    out += margin + shown[i].first + ": " + shown[i].second + "\n";
  }
  return out;
}

}  // namespace sense

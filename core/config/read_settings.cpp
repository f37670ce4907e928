// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/text.hpp"
#include "core/config/settings.hpp"
#include "core/config/values.hpp"

// Option tables and YAML: reads values in, and writes the defaults out.
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

std::string place_of_key(const YamlNode& value) {
  return value.file + ":" + std::to_string(value.key_line);
}

// A value under the former name of its key.
Status read_renamed(Settings& settings, const Option& option, const YamlNode& value,
                    const YamlNode& mapping) {
  const std::string old_name = "'" + std::string(option.old_key) + "'";
  const std::string name = "'" + std::string(option.key) + "'";
  if (const auto* twin = mapping.find(option.key); twin != nullptr)
    return value.refuse_key(old_name + " is the former name of " + name + ", which " +
                            place_of_key(*twin) + " sets as well: remove " + old_name);
  settings.note_renamed(place_of_key(value) + ": the key " + old_name + " is now called " + name +
                        ": rename it; the former name is read until version 1.0");
  return read_value(settings, option, value);
}

Status read_entry(Settings& settings, std::string_view key, const YamlNode& value,
                  const YamlNode& mapping, std::span<const Option> table,
                  std::span<const std::string_view> extra) {
  for (const auto& option : table) {
    if (key == option.key) return read_value(settings, option, value);
    if (option.old_key != nullptr && key == option.old_key)
      return read_renamed(settings, option, value, mapping);
  }
  return refuse_unknown(key, value, known_keys(table, extra));
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
    if (auto good = read_entry(settings, key, value, mapping, table, extra); !good)
      return tl::unexpected(good.error());
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
    if (option.old_key != nullptr) kind += "; formerly " + std::string(option.old_key);
    append_comment(out, margin, "(" + kind + ")");
    out += margin + shown[i].first + ": " + shown[i].second + "\n";
  }
  return out;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "core/base/text.hpp"
#include "core/config/settings.hpp"
#include "core/config/values.hpp"

// Option tables and YAML: reads values in, and writes the defaults out.
namespace sense {

namespace {

constexpr std::size_t line_length_max = 100;
constexpr std::size_t key_length_shown = 80;

std::string place_of_key(const YamlNode& value) {
  return value.file + ":" + std::to_string(value.key_line);
}

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

// Reads one mapping. What is wrong is added to the mistakes, and reading goes on.
class SettingsReader {
 public:
  SettingsReader(const YamlNode& mapping, std::span<const Option> table, const std::string& folder,
                 Mistakes& mistakes)
      : mapping_(mapping),
        table_(table),
        folder_(folder),
        mistakes_(mistakes),
        settings_(Settings::defaults(table)) {}

  [[nodiscard]] Settings read(std::span<const std::string_view> extra) {
    if (mapping_.kind == YamlNode::Kind::mapping) {
      for (const auto& [key, value] : mapping_.entries)
        if (std::find(extra.begin(), extra.end(), key) == extra.end())
          take(read_entry(key, value, extra));
    } else if (mapping_.kind != YamlNode::Kind::null) {
      take(mapping_.refuse("a mapping (key: value) must stand here"));
    }
    if (!folder_.empty()) settings_.resolve_paths(folder_);
    return std::move(settings_);
  }

 private:
  void take(const Status& status) {
    if (!status) mistakes_.push_back(status.error());
  }

  Status read_entry(std::string_view key, const YamlNode& value,
                    std::span<const std::string_view> extra) {
    for (const auto& option : table_) {
      if (key == option.key) return read_value(option, value);
      if (option.old_key != nullptr && key == option.old_key) return read_renamed(option, value);
    }
    return refuse_unknown(key, value, known_keys(table_, extra));
  }

  // A value under the former name of its key.
  Status read_renamed(const Option& option, const YamlNode& value) {
    const std::string old_name = "'" + std::string(option.old_key) + "'";
    const std::string name = "'" + std::string(option.key) + "'";
    if (const auto* twin = mapping_.find(option.key); twin != nullptr)
      return value.refuse_key(old_name + " is the former name of " + name + ", which " +
                              place_of_key(*twin) + " sets as well: remove " + old_name);
    settings_.note_renamed(place_of_key(value) + ": the key " + old_name + " is now called " +
                           name + ": rename it; the former name is read until version 1.0");
    return read_value(option, value);
  }

  Status read_value(const Option& option, const YamlNode& value) {
    const std::string named = "'" + std::string(option.key) + "'";
    if (value.kind == YamlNode::Kind::null)
      return value.refuse_key(named + " has no value; leave the key out to get its default");
    if (option.type == OptionType::list) {
      if (value.kind != YamlNode::Kind::sequence)
        return value.refuse(named + " takes a list, such as [one, two]");
      return read_list(option, value);
    }
    if (value.kind != YamlNode::Kind::scalar)
      return value.refuse(named + " takes one value (" + std::string(type_text(option.type)) + ")");
    if (auto good = settings_.set(option.key, value.scalar); !good)
      return value.refuse(good.error().message);
    return check(option, value);
  }

  Status read_list(const Option& option, const YamlNode& value) {
    std::vector<std::string> entries;
    for (const auto& item : value.items) {
      if (item.kind != YamlNode::Kind::scalar)
        return item.refuse("an entry of the list '" + std::string(option.key) +
                           "' must be a single value");
      entries.push_back(item.scalar);
    }
    if (auto good = settings_.set_list(option.key, std::move(entries)); !good)
      return value.refuse(good.error().message);
    for (const auto& item : value.items) take(check(option, item));
    return {};
  }

  Status check(const Option& option, const YamlNode& value) {
    if (option.check == nullptr || value.scalar.empty()) return {};
    const bool path = option.type == OptionType::path && !folder_.empty();
    const auto good = option.check(
        path ? (std::filesystem::path(folder_) / value.scalar).lexically_normal().string()
             : value.scalar);
    return good ? Status() : value.refuse(about_key(option.key, good.error().message));
  }

  const YamlNode& mapping_;
  std::span<const Option> table_;
  const std::string& folder_;
  Mistakes& mistakes_;
  Settings settings_;
};

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

Status check_readable(const std::string& path) {
  if (std::FILE* file = std::fopen(path.c_str(), "rbe"); file != nullptr) {
    const bool folder = std::fgetc(file) == EOF && std::ferror(file) != 0;
    std::fclose(file);
    if (!folder) return {};
    return fail(Code::badparam, "the file " + printable(path) + " cannot be read: is it a folder?");
  }
  return fail(Code::notfound, "the file " + printable(path) +
                                  " cannot be read: " + std::generic_category().message(errno));
}

Status check_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::path there = path;  // or the first above it that is there
  while (!std::filesystem::exists(there, error) && there.has_relative_path())
    there = there.parent_path();
  if (std::filesystem::is_directory(there, error)) return {};
  return fail(Code::badparam, printable(there.string()) + " is no folder" +
                                  (error ? ": " + error.message() : std::string()));
}

std::string about_key(std::string_view key, const std::string& sentence) {
  const auto name = std::string(key);
  if (sentence.starts_with(name + ":") || sentence.starts_with("'" + name + "'")) return sentence;
  return "'" + name + "': " + sentence;
}

Settings read_settings(const YamlNode& mapping, std::span<const Option> table,
                       std::span<const std::string_view> extra, const std::string& folder,
                       Mistakes& mistakes) {
  return SettingsReader(mapping, table, folder, mistakes).read(extra);
}

Result<Settings> read_settings(const YamlNode& mapping, std::span<const Option> table,
                               std::span<const std::string_view> extra) {
  Mistakes mistakes;
  auto settings = read_settings(mapping, table, extra, "", mistakes);
  if (!mistakes.empty()) return tl::unexpected(mistakes.front());
  return settings;
}

std::string describe(std::span<const Option> table, unsigned indent) {
  const std::string margin(indent, ' ');
  const auto defaults = Settings::defaults(table);
  std::string out;
  for (const auto& option : table) {
    append_comment(out, margin, option.help);
    std::string kind(type_text(option.type));
    if (const auto range = range_text(option); !range.empty()) kind += ", " + range;
    if (option.old_key != nullptr) kind += "; formerly " + std::string(option.old_key);
    append_comment(out, margin, "(" + kind + ")");
    out += margin + option.key + ": " + defaults.yaml_of(option) + "\n";
  }
  return out;
}

}  // namespace sense

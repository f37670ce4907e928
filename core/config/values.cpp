// SPDX-License-Identifier: Apache-2.0
#include "core/config/values.hpp"

#include <array>
#include <limits>

#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::int64_t number_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t value_length_max = 1024;
constexpr std::int64_t entries_max = 1000;

struct Unit {
  std::string_view name;
  std::int64_t octets;
};
constexpr std::array<Unit, 4> units = {{{"TiB", std::int64_t{1} << 40},
                                        {"GiB", std::int64_t{1} << 30},
                                        {"MiB", std::int64_t{1} << 20},
                                        {"KiB", std::int64_t{1} << 10}}};

bool plain(std::string_view text) {
  if (text.empty() || text == "~" || lower(text) == "null") return false;
  const auto safe = [](char c) {
    return is_alphanumeric(c) || std::string_view("_./:@+-").find(c) != std::string_view::npos;
  };
  for (const char c : text)
    if (!safe(c)) return false;
  const char first = text.front();
  return first != ':' && first != '-' && first != '@' && text.back() != ':' &&
         text.substr(0, 3) != "...";
}

std::string bound_text(const Option& option, std::int64_t bound) {
  switch (option.type) {
    case OptionType::duration: return to_text(std::chrono::seconds{bound});
    case OptionType::size: return size_text(bound);
    default: return std::to_string(bound);
  }
}

}  // namespace

Result<std::int64_t> parse_size(std::string_view text) {
  const auto refuse = [] {
    return fail(Code::badparam, "is not a size such as 512, 64KiB, 4MiB or 1GiB");
  };
  std::int64_t factor = 1;
  for (const auto& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    factor = unit.octets;
    text = trim(text.substr(0, text.size() - unit.name.size()));
    break;
  }
  const auto number = parse_integer<std::int64_t>(text, 0, number_max / factor);
  if (!number) return refuse();
  return *number * factor;
}

std::string size_text(std::int64_t octets) {
  for (const auto& unit : units)
    if (octets != 0 && octets % unit.octets == 0)
      return std::to_string(octets / unit.octets) + std::string(unit.name);
  return std::to_string(octets);
}

std::string yaml_scalar(std::string_view text) {
  if (plain(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += printable({&c, 1});  // as YAML escapes them, too
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string yaml_list(const std::vector<std::string>& entries) {
  std::string shown = "[";
  for (const auto& entry : entries) {
    if (shown.size() > 1) shown += ", ";
    shown += yaml_scalar(entry);
  }
  return shown + "]";
}

OptionRange range_of(const Option& option) {
  const bool stated = option.min != 0 || option.max != 0;
  if (stated) return {option.min, option.max < option.min ? number_max : option.max};
  switch (option.type) {
    case OptionType::text:
    case OptionType::path: return {0, value_length_max};
    case OptionType::list: return {0, entries_max};
    case OptionType::integer: return {std::numeric_limits<std::int64_t>::min(), number_max};
    default: return {0, number_max};
  }
}

std::string range_text(const Option& option) {
  if ((option.min == 0 && option.max == 0) || option.type == OptionType::boolean) return {};
  const auto [min, max] = range_of(option);
  const bool text = option.type == OptionType::text || option.type == OptionType::path;
  const std::string_view unit = text                              ? " octets"
                                : option.type == OptionType::list ? " entries"
                                                                  : "";
  if (max == number_max) return "at least " + bound_text(option, min) + std::string(unit);
  return "from " + bound_text(option, min) + " to " + bound_text(option, max) + std::string(unit);
}

std::string_view type_text(OptionType type) {
  switch (type) {
    case OptionType::text: return "text";
    case OptionType::path: return "path";
    case OptionType::integer: return "whole number";
    case OptionType::boolean: return "true or false";
    case OptionType::duration: return "duration";
    case OptionType::size: return "size";
    case OptionType::list: return "list";
  }
  return "text";
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_yaml_integer(std::string_view text) {
  if (text.starts_with("0o")) return parse_integer<std::int64_t>(text.substr(2), 0, INT64_MAX, 8);
  if (text.starts_with("0x")) return parse_integer<std::int64_t>(text.substr(2), 0, INT64_MAX, 16);
  if (text.size() > 1 && text.front() == '+' && is_digit(text[1])) text.remove_prefix(1);
  return parse_integer<std::int64_t>(text);
}

}  // namespace sense

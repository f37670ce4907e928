// SPDX-License-Identifier: Apache-2.0
#include "core/config/settings.hpp"

#include <algorithm>
#include <filesystem>

#include "core/base/check.hpp"
#include "core/base/text.hpp"
#include "core/config/values.hpp"

namespace sense {

namespace {

constexpr std::size_t entry_length_max = 1024;
constexpr std::size_t shown_length_max = 80;

std::string quoted(std::string_view value) {
  const bool cut = value.size() > shown_length_max;
  return "'" + printable(value.substr(0, shown_length_max)) + (cut ? "...'" : "'");
}

tl::unexpected<Error> refuse(const Option& option, std::string_view value, std::string_view why) {
  return fail(Code::badparam,
              "'" + std::string(option.key) + "': " + quoted(value) + " " + std::string(why));
}

tl::unexpected<Error> refuse_range(const Option& option, std::string_view what) {
  auto range = range_text(option);
  if (range.empty()) {
    const auto [min, max] = range_of(option);
    range = "from " + std::to_string(min) + " to " + std::to_string(max) +
            (option.type == OptionType::list ? " entries" : " octets");
  }
  return fail(Code::badparam,
              "'" + std::string(option.key) + "' " + std::string(what) + ", but must be " + range);
}

Status check_range(const Option& option, std::int64_t value, const std::string& what) {
  const auto [min, max] = range_of(option);
  if (value < min || value > max) return refuse_range(option, what);
  return {};
}

// The bounds are whole seconds; the value may have fractions.
Status check_duration(const Option& option, Duration value) {
  const auto [min, max] = range_of(option);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(value);
  const bool over = seconds.count() > max || (seconds.count() == max && value > Duration{seconds});
  if (seconds.count() < min || over) return refuse_range(option, "is " + to_text(value));
  return {};
}

Result<std::int64_t> read_integer(const Option& option, std::string_view value) {
  const auto number = parse_yaml_integer(value);
  if (!number && !value.empty() && std::all_of(value.begin(), value.end(), is_digit))
    return refuse(option, value, "is too big a number");
  if (!number) return refuse(option, value, "is not a whole number");
  if (auto good = check_range(option, *number, "is " + std::to_string(*number)); !good)
    return tl::unexpected(good.error());
  return *number;
}

Result<bool> read_boolean(const Option& option, std::string_view value) {
  if (const auto flag = parse_boolean(value)) return *flag;
  return refuse(option, value, "is neither true nor false");
}

Result<Duration> read_duration(const Option& option, std::string_view value) {
  const auto duration = parse_duration(value);
  if (!duration) return refuse(option, value, "is not a duration such as 250ms, 10s, 5min or 2h");
  if (auto good = check_duration(option, *duration); !good) return tl::unexpected(good.error());
  return *duration;
}

Result<std::int64_t> read_size(const Option& option, std::string_view value) {
  const auto octets = parse_size(value);
  if (!octets) return refuse(option, value, octets.error().message);
  if (auto good = check_range(option, *octets, "is " + size_text(*octets)); !good)
    return tl::unexpected(good.error());
  return *octets;
}

Result<std::string> read_text(const Option& option, std::string_view value) {
  if (!valid_utf8(value)) return refuse(option, value, "is not UTF-8 text");
  const auto octets = static_cast<std::int64_t>(value.size());
  if (auto good = check_range(option, octets, "has " + std::to_string(octets) + " octets"); !good)
    return tl::unexpected(good.error());
  return std::string(value);
}

std::vector<std::string> comma_separated(std::string_view value) {
  std::vector<std::string> entries;
  if (trim(value).empty()) return entries;
  for (const auto piece : split(value, ',')) entries.emplace_back(trim(piece));
  return entries;
}

}  // namespace

Settings Settings::defaults(std::span<const Option> table) {
  Settings settings;
  settings.table_ = table;
  for (const auto& option : table) {
    const auto good = settings.set(option.key, option.fallback);
    SENSE_CHECK(good.has_value());
  }
  return settings;
}

const Option* Settings::find(std::string_view key) const {
  const auto place = std::find_if(table_.begin(), table_.end(),
                                  [&](const Option& option) { return key == option.key; });
  return place == table_.end() ? nullptr : &*place;
}

const Settings::Held& Settings::held(std::string_view key) const {
  const auto place = values_.find(key);
  SENSE_CHECK(place != values_.end());
  return place->second;
}

const std::string& Settings::text(std::string_view key) const {
  const auto* value = std::get_if<std::string>(&held(key));
  SENSE_CHECK(value != nullptr);
  return *value;
}

std::int64_t Settings::integer(std::string_view key) const {
  const auto* value = std::get_if<std::int64_t>(&held(key));
  SENSE_CHECK(value != nullptr);
  return *value;
}

bool Settings::boolean(std::string_view key) const {
  const auto* value = std::get_if<bool>(&held(key));
  SENSE_CHECK(value != nullptr);
  return *value;
}

Duration Settings::duration(std::string_view key) const {
  const auto* value = std::get_if<Duration>(&held(key));
  SENSE_CHECK(value != nullptr);
  return *value;
}

std::int64_t Settings::size(std::string_view key) const { return integer(key); }

const std::vector<std::string>& Settings::list(std::string_view key) const {
  const auto* value = std::get_if<std::vector<std::string>>(&held(key));
  SENSE_CHECK(value != nullptr);
  return *value;
}

std::string Settings::yaml_of(const Option& option) const {
  switch (option.type) {
    case OptionType::text:
    case OptionType::path: return yaml_scalar(text(option.key));
    case OptionType::integer: return std::to_string(integer(option.key));
    case OptionType::boolean: return boolean(option.key) ? "true" : "false";
    case OptionType::duration: return to_text(duration(option.key));
    case OptionType::size: return size_text(size(option.key));
    case OptionType::list: return yaml_list(list(option.key));
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> Settings::shown() const {
  std::vector<std::pair<std::string, std::string>> result;
  // A path tells how this machine is laid out, which is nothing to its clients.
  for (const auto& option : table_)
    if (!option.secret && option.type != OptionType::path)
      result.emplace_back(option.key, yaml_of(option));
  return result;
}

Status Settings::set(std::string_view key, std::string_view value) {
  const auto* option = find(key);
  if (option == nullptr) return fail(Code::varnotfound, "there is no key " + quoted(key));
  const auto take = [&](auto&& read) -> Status {
    if (!read) return tl::unexpected(read.error());
    values_.insert_or_assign(option->key, Held(std::move(*read)));
    return {};
  };
  switch (option->type) {
    case OptionType::text:
    case OptionType::path: return take(read_text(*option, value));
    case OptionType::integer: return take(read_integer(*option, value));
    case OptionType::boolean: return take(read_boolean(*option, value));
    case OptionType::duration: return take(read_duration(*option, value));
    case OptionType::size: return take(read_size(*option, value));
    case OptionType::list: return set_list(key, comma_separated(value));
  }
  return refuse(*option, value, "has a type that this program does not know");
}

Status Settings::set_list(std::string_view key, std::vector<std::string> values) {
  const auto* option = find(key);
  if (option == nullptr) return fail(Code::varnotfound, "there is no key " + quoted(key));
  if (option->type != OptionType::list)
    return fail(Code::badparam, "'" + std::string(option->key) + "' takes one value, not a list");
  const auto count = static_cast<std::int64_t>(values.size());
  const auto what = "has " + std::to_string(count) + " entries";
  if (auto good = check_range(*option, count, what); !good) return good;
  for (const auto& value : values) {
    if (!valid_utf8(value)) return refuse(*option, value, "is not UTF-8 text");
    if (value.empty()) return refuse(*option, value, "is an empty entry");
    if (value.size() > entry_length_max)
      return refuse(*option, value, "is longer than 1024 octets");
  }
  values_.insert_or_assign(option->key, std::move(values));
  return {};
}

void Settings::resolve_paths(const std::string& folder) {
  for (const auto& option : table_) {
    if (option.type != OptionType::path) continue;
    auto& path = std::get<std::string>(values_.find(option.key)->second);
    if (!path.empty()) path = (std::filesystem::path(folder) / path).lexically_normal().string();
  }
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace sense {

namespace {

// The only type of nlohmann's that is instantiated: each costs seconds.
using Ordered = nlohmann::ordered_json;

const Ordered& value_at(const void* value) { return *static_cast<const Ordered*>(value); }

// Of the JSON that this program writes, nearly all names and texts are plain.
bool needs_no_escape(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

std::string in_quotes(std::string_view text) {
  std::string quoted;
  quoted.reserve(text.size() + 2);
  quoted += '"';
  quoted += text;
  quoted += '"';
  return quoted;
}

// With the members of objects in the order of their names.
void append_sorted(std::string& out, const Ordered& value) {
  if (!value.is_object()) {
    out += json_text(value);
    return;
  }
  std::map<std::string_view, const Ordered*> members;
  for (const auto& [name, member] : value.items()) members.emplace(name, &member);
  out += '{';
  for (const auto& [name, member] : members) {
    if (out.back() != '{') out += ',';
    out += json_string(name);
    out += ':';
    append_sorted(out, *member);
  }
  out += '}';
}

}  // namespace

std::string json_string(std::string_view text) {
  return needs_no_escape(text) ? in_quotes(text) : json_text(Ordered(text));
}

std::string json_string_ascii(std::string_view text) {
  return needs_no_escape(text) ? in_quotes(text) : json_ascii(Ordered(text));
}

std::string json_number(double number) { return json_text(Ordered(number)); }

JsonObject& JsonObject::put_raw(std::string_view name, std::string_view json) {
  if (out_.size() > 1) out_ += ',';
  out_.append(json_string(name)).append(":").append(json);
  return *this;
}

std::string JsonObject::take() {
  std::string object;
  object.swap(out_);
  out_ += '{';
  object += '}';
  return object;
}

bool JsonView::is_object() const { return exists() && value_at(value_).is_object(); }

std::size_t JsonView::size() const { return exists() ? value_at(value_).size() : 0; }

JsonView JsonView::find(std::string_view name) const {
  if (!is_object()) return {};
  const auto& object = value_at(value_);
  const auto member = object.find(name);
  return member == object.end() ? JsonView() : JsonView(&*member);
}

void JsonView::each_member(
    const std::function<bool(const std::string& name, JsonView value)>& take) const {
  if (!is_object()) return;
  for (const auto& [name, value] : value_at(value_).items())
    if (!take(name, JsonView(&value))) return;
}

void JsonView::each_entry(const std::function<bool(JsonView entry)>& take) const {
  if (!exists() || !value_at(value_).is_array()) return;
  for (const auto& entry : value_at(value_))
    if (!take(JsonView(&entry))) return;
}

std::optional<std::string> JsonView::text() const {
  if (!exists() || !value_at(value_).is_string()) return std::nullopt;
  return value_at(value_).get<std::string>();
}

std::optional<bool> JsonView::boolean() const {
  if (!exists() || !value_at(value_).is_boolean()) return std::nullopt;
  return value_at(value_).get<bool>();
}

std::optional<std::uint64_t> JsonView::natural() const {
  if (!exists() || !value_at(value_).is_number_unsigned()) return std::nullopt;
  return value_at(value_).get<std::uint64_t>();
}

std::optional<std::int64_t> JsonView::integer() const {
  if (!exists() || !value_at(value_).is_number_integer()) return std::nullopt;
  if (const auto number = natural(); number && *number > INT64_MAX) return std::nullopt;
  return value_at(value_).get<std::int64_t>();
}

std::string JsonView::dump() const { return json_text(value_at(value_)); }

bool valid_json(std::string_view text) { return Ordered::accept(text); }

std::optional<JsonDocument> JsonDocument::parse(std::string_view text) {
  auto value = std::make_shared<Ordered>(Ordered::parse(text, nullptr, /*allow_exceptions=*/false));
  if (value->is_discarded()) return std::nullopt;
  return JsonDocument(std::move(value));
}

JsonOutline outline_json(std::string_view text, int depth_max) {
  JsonOutline outline;
  const auto json = Ordered::parse(
      text,
      [&](int depth, Ordered::parse_event_t, Ordered&) {
        outline.too_deep = outline.too_deep || depth > depth_max;
        return !outline.too_deep;
      },
      /*allow_exceptions=*/false);
  if (outline.too_deep || !json.is_object()) return outline;
  outline.is_object = true;
  for (const auto& [name, value] : json.items()) outline.names.push_back(name);
  std::sort(outline.names.begin(), outline.names.end());
  return outline;
}

std::string merge_json_patch(std::string_view target, std::string_view patch) {
  auto merged = Ordered::parse(target, nullptr, /*allow_exceptions=*/false);
  merged.merge_patch(Ordered::parse(patch, nullptr, /*allow_exceptions=*/false));
  std::string text;
  append_sorted(text, merged);
  return text;
}

}  // namespace sense

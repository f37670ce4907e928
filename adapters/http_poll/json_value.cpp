// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/json_value.hpp"

#include <simdjson.h>

#include <optional>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::http_poll {

namespace {

namespace ondemand = simdjson::ondemand;

// RFC 6901 section 4: ~1 is a slash, and then ~0 a tilde.
std::string name_of(std::string_view token) {
  std::string name;
  for (std::size_t at = 0; at < token.size(); ++at) {
    if (token[at] != '~') {
      name += token[at];
      continue;
    }
    ++at;
    name += at < token.size() && token[at] == '1' ? '/' : '~';
  }
  return name;
}

std::optional<ondemand::value> member(ondemand::object object, const std::string& name) {
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return std::nullopt;
    if (key != name) continue;
    ondemand::value value;
    if (field.value().get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::optional<ondemand::value> entry(ondemand::array array, const std::string& text) {
  const bool zeros = text.size() > 1 && text.front() == '0';
  const auto index = zeros ? std::nullopt : parse_integer<std::size_t>(text);
  if (!index) return std::nullopt;
  std::size_t at = 0;
  for (auto element : array) {
    ondemand::value value;
    if (element.get(value) != simdjson::SUCCESS) return std::nullopt;
    if (at++ == *index) return value;
  }
  return std::nullopt;
}

// Of a document or a value: one step of the pointer.
template <class Node>
std::optional<ondemand::value> step(Node& node, const std::string& name) {
  ondemand::json_type type{};
  if (node.type().get(type) != simdjson::SUCCESS) return std::nullopt;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    return node.get_object().get(object) == simdjson::SUCCESS ? member(object, name) : std::nullopt;
  }
  if (type != ondemand::json_type::array) return std::nullopt;
  ondemand::array array;
  return node.get_array().get(array) == simdjson::SUCCESS ? entry(array, name) : std::nullopt;
}

std::optional<std::string_view> text_of(ondemand::value& value) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
  std::string_view text;
  auto error = simdjson::SUCCESS;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    error = value.get_object().get(object);
    if (error == simdjson::SUCCESS) error = object.raw_json().get(text);
  } else if (type == ondemand::json_type::array) {
    ondemand::array array;
    error = value.get_array().get(array);
    if (error == simdjson::SUCCESS) error = array.raw_json().get(text);
  } else {
    text = value.raw_json_token();
  }
  if (error != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::string minified(std::string_view json) {
  std::string text(json.size(), '\0');
  std::size_t length = 0;
  const auto error = simdjson::minify(json.data(), json.size(), text.data(), length);
  text.resize(error == simdjson::SUCCESS ? length : 0);
  return text;
}

tl::unexpected<Error> no_json() { return fail(Code::badparam, "its content is no JSON"); }

tl::unexpected<Error> no_value(std::string_view pointer) {
  return fail(Code::notfound, "the pointer '" + printable(pointer.substr(0, 200)) +
                                  "' names nothing in its content");
}

}  // namespace

Result<std::string> json_value(std::string_view json, std::string_view pointer) {
  // On demand, only what the pointer leads to would be checked.
  if (!valid_json(json)) return no_json();
  if (pointer.empty()) return minified(json);
  const simdjson::padded_string padded(json);
  ondemand::parser parser;
  ondemand::document document;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return no_json();
  std::optional<ondemand::value> value;
  for (const auto token : split(pointer.substr(1), '/')) {
    const auto name = name_of(token);
    value = value ? step(*value, name) : step(document, name);
    if (!value) return no_value(pointer);
  }
  const auto text = text_of(*value);
  if (!text) return no_json();
  return minified(*text);
}

}  // namespace sense::http_poll

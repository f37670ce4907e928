// SPDX-License-Identifier: Apache-2.0
// Attributes as strings, base 64 and content types: the parts of cloudevents_json.hpp without JSON.
#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/event/attributes.hpp"
#include "core/event/cloudevents_json.hpp"

namespace sense {

namespace {

Status set_list(std::vector<std::string>& list, std::string_view name, std::string_view text) {
  list.clear();
  if (text.empty()) return {};
  for (const auto piece : split(text, ',')) {
    // A percent sign that begins neither %2C nor %25 is likely to be meant as itself.
    auto entry = percent_decode(piece);
    if (!entry || lower(percent_encode(*entry, is_plain_in_list)) != lower(piece))
      return fail(Code::badparam,
                  "event: " + std::string(name) + " has a % that is neither %2C nor %25");
    if (entry->empty() || list.size() >= Event::principals_max)
      return fail(Code::badparam,
                  "event: " + std::string(name) + " has an empty entry or more than 256 of them");
    list.push_back(*std::move(entry));
  }
  return {};
}

Status set_time(std::optional<PreciseTime>& time, std::string_view name, std::string_view text) {
  auto parsed = parse_precise_rfc3339(text);
  if (!parsed)
    return fail(Code::badparam, "event: " + std::string(name) + ": " + parsed.error().message);
  time = *parsed;
  return {};
}

Status set_severity(Event& event, std::string_view text) {
  event.severity = parse_integer<std::uint8_t>(text, 0, 7);
  if (event.severity) return {};
  return fail(Code::badparam, "event: severity is 0 (emergency) to 7 (debug)");
}

Status set_type(Event& event, std::string_view text) {
  auto name = QName::parse(text);
  if (!name) return tl::unexpected(name.error());
  event.type = std::move(*name);
  return {};
}

Status set_sequence(Event& event, std::string_view text) {
  const auto number = parse_integer<std::uint64_t>(text);
  if (!number) return fail(Code::badparam, "event: sequence is not a number");
  event.sequence = *number;
  return {};
}

Status refuse_name(std::string_view name) {
  return fail(Code::badparam, "event: '" + printable(name.substr(0, 64)) +
                                  "' cannot be an attribute: 1 to 64 lower-case letters and "
                                  "digits");
}

Status set_extension(Event& event, std::string_view name, std::string_view text) {
  if (!valid_extension_name(name)) return refuse_name(name);
  if (event.extensions.size() >= Event::extensions_max)
    return fail(Code::varvaltoobig, "event: more than 64 extension attributes");
  if (!text.empty()) event.extensions.insert_or_assign(std::string(name), std::string(text));
  return {};
}

std::string media_type(std::string_view content_type) {
  return lower(trim(content_type.substr(0, content_type.find(';'))));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> attributes_of(const Event& event) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto add = [&](std::string_view name, std::string text) {
    if (!text.empty()) all.emplace_back(name, std::move(text));
  };
  const auto add_fields = [&](bool stamped) {
    for (const auto& attribute : attributes())
      if (attribute.stamped == stamped) add(attribute.name, text_of(event, attribute));
  };
  add_fields(false);
  for (const auto& [name, value] : event.extensions) add(name, text_of(value));
  add_fields(true);
  return all;
}

Status set_attribute(Event& event, std::string_view name, std::string_view text,
                     EventOrigin origin) {
  const auto* const attribute = find_attribute(name);
  if (attribute == nullptr) return set_extension(event, name, text);
  if (attribute->stamped && origin == EventOrigin::producer) return {};
  switch (attribute->kind) {
    case Attribute::Kind::version: return refuse_name(name);
    case Attribute::Kind::type: return set_type(event, text);
    case Attribute::Kind::text: event.*attribute->text = text; return {};
    case Attribute::Kind::time: return set_time(event.*attribute->time, name, text);
    case Attribute::Kind::list: return set_list(event.*attribute->list, name, text);
    case Attribute::Kind::severity: return set_severity(event, text);
    case Attribute::Kind::sequence: return set_sequence(event, text);
  }
  return {};
}

bool is_json_type(std::string_view content_type) {
  const auto type = media_type(content_type);
  return type.ends_with("/json") || type.ends_with("+json");
}

bool is_text_type(std::string_view content_type) {
  const auto type = media_type(content_type);
  return type.starts_with("text/") || is_json_type(type) || type.ends_with("/xml") ||
         type.ends_with("+xml");
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "core/event/event.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/event/attributes.hpp"

namespace sense {

namespace {

tl::unexpected<Error> refuse(Code code, std::string_view name, const std::string& why) {
  return fail(code, "event: " + std::string(name) + " " + why, std::string(name));
}

Status check_text(std::string_view name, std::string_view text, std::size_t max) {
  if (text.size() > max)
    return refuse(Code::varvaltoobig, name,
                  "has " + std::to_string(text.size()) + " octets; at most " + std::to_string(max) +
                      " are allowed");
  if (!valid_text(text)) return refuse(Code::badparam, name, "is not UTF-8 text without NUL");
  return {};
}

Status check_time(std::string_view name, const std::optional<PreciseTime>& time) {
  if (time && (time->wall < wall_time_min || time->wall > wall_time_max))
    return refuse(Code::badparam, name, "is outside the years 0001 to 9999");
  return {};
}

Status check_list(std::string_view name, const std::vector<std::string>& list) {
  if (list.size() > Event::principals_max)
    return refuse(Code::varvaltoobig, name,
                  "has " + std::to_string(list.size()) + " entries; at most 256 are allowed");
  for (const auto& entry : list)
    if (auto status = check_text(name, entry, Event::id_length_max); !status) return status;
  return {};
}

// What the broker gives is not checked.
Status check_attribute(const Event& event, const Attribute& attribute) {
  if (attribute.stamped) return {};
  switch (attribute.kind) {
    case Attribute::Kind::text:
      return check_text(attribute.name, event.*attribute.text, Event::text_length_max);
    case Attribute::Kind::time: return check_time(attribute.name, event.*attribute.time);
    case Attribute::Kind::list: return check_list(attribute.name, event.*attribute.list);
    case Attribute::Kind::severity:
      if (!event.severity || *event.severity <= 7) return {};
      return refuse(Code::badparam, "severity", "is 0 (emergency) to 7 (debug)");
    default: return {};
  }
}

Status check_extension(const std::string& name, const Value& value) {
  if (!valid_extension_name(name))
    return fail(Code::badparam, "event: '" + printable(name.substr(0, 64)) +
                                    "' cannot be an attribute: 1 to 64 lower-case letters and "
                                    "digits, and not a reserved name");
  if (const auto* text = std::get_if<std::string>(&value))
    return check_text(name, *text, Event::text_length_max);
  if (const auto* bytes = std::get_if<Bytes>(&value);
      bytes && bytes->size() > Event::text_length_max)
    return refuse(Code::varvaltoobig, name, "is longer than 2048 octets");
  if (const auto* time = std::get_if<PreciseTime>(&value)) return check_time(name, *time);
  return {};
}

}  // namespace

bool valid_extension_name(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c); }) &&
         text != "data" && find_attribute(text) == nullptr;
}

Status validate(const Event& event, EventId id) {
  if (event.id.empty() && id == EventId::needed)
    return refuse(Code::varnotfound, "id", "is missing");
  if (event.type.local().empty()) return refuse(Code::varnotfound, "type", "is missing");
  if (event.source.empty()) return refuse(Code::varnotfound, "source", "is missing");
  if (event.source.size() > Event::source_length_max)
    return refuse(Code::varvaltoobig, "source", "is longer than 1024 octets");
  if (!valid_source(event.source))
    return refuse(Code::badparam, "source",
                  "'" + printable(event.source) + "' is not a URI-reference without spaces");
  if (auto status = check_text("id", event.id, Event::id_length_max); !status) return status;
  for (const auto& attribute : attributes())
    if (auto status = check_attribute(event, attribute); !status) return status;
  if (event.extensions.size() > Event::extensions_max)
    return fail(Code::varvaltoobig, "event: more than 64 extension attributes");
  for (const auto& [name, value] : event.extensions)
    if (auto status = check_extension(name, value); !status) return status;
  if (event.data.size() > Event::data_length_max)
    return refuse(
        Code::datatoobig, "data",
        "has " + std::to_string(event.data.size()) + " octets; at most 1048576 are allowed");
  return {};
}

std::string topic_of(std::string_view type, std::string_view source) {
  std::string topic;
  topic.reserve(type.size() + source.size() + 2);
  topic += type;
  topic += ' ';
  topic += source;
  topic += '\0';
  return topic;
}

std::string topic_of(const Event& event) { return topic_of(event.type.clark(), event.source); }

bool is_topic(std::string_view text, std::string_view type, std::string_view source) {
  return text.size() == type.size() + source.size() + 2 && text.ends_with('\0') &&
         text[type.size()] == ' ' && text.starts_with(type) &&
         text.substr(type.size() + 1, source.size()) == source;
}

}  // namespace sense

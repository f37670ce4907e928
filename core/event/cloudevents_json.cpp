// SPDX-License-Identifier: Apache-2.0
#include "core/event/cloudevents_json.hpp"

#include <simdjson.h>

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/event/attributes.hpp"

namespace sense {

namespace {

constexpr std::size_t depth_max = 64;
// All attributes that an event can have, and data, with room for what is refused later by name.
constexpr std::size_t members_max = Event::extensions_max + 64;

// ---- JSON values, which simdjson checks only as far as they are read: all of them are.

using simdjson::ondemand::json_type;
using JsonValue = simdjson::ondemand::value;

std::string_view without_spaces_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

// RFC 8259 section 6. simdjson would refuse numbers that no double holds, such as 1e400, although
// data is carried as it is.
bool is_number(std::string_view text) {
  const auto take = [&](std::string_view any) {
    const bool found = !text.empty() && any.find(text.front()) != std::string_view::npos;
    if (found) text.remove_prefix(1);
    return found;
  };
  const auto take_digits = [&] {
    const auto before = text.size();
    while (take("0123456789")) continue;
    return text.size() != before;
  };
  take("-");
  if (!take("0") && !take_digits()) return false;
  if (take(".") && !take_digits()) return false;
  if (!take("eE")) return text.empty();
  take("+-");
  return take_digits() && text.empty();
}

enum class Checked { good, malformed, too_deep };

// REQUIRES: nothing of the value has been read.
Checked check_value(JsonValue value, std::size_t levels_left) {
  json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return Checked::malformed;
  if (type == json_type::string) {
    std::string_view text;
    return value.get_string().get(text) == simdjson::SUCCESS ? Checked::good : Checked::malformed;
  }
  const bool container = type == json_type::object || type == json_type::array;
  if (!container) {
    const auto token = without_spaces_behind(value.raw_json_token());
    const bool good = type == json_type::number ? is_number(token)
                      : type == json_type::null ? token == "null"
                                                : token == "true" || token == "false";
    return good ? Checked::good : Checked::malformed;
  }
  if (levels_left == 0) return Checked::too_deep;
  JsonValue inner;
  if (type == json_type::array) {
    simdjson::ondemand::array entries;
    if (value.get_array().get(entries) != simdjson::SUCCESS) return Checked::malformed;
    for (auto entry : entries) {
      if (entry.get(inner) != simdjson::SUCCESS) return Checked::malformed;
      if (const auto checked = check_value(inner, levels_left - 1); checked != Checked::good)
        return checked;
    }
    return Checked::good;
  }
  simdjson::ondemand::object members;
  if (value.get_object().get(members) != simdjson::SUCCESS) return Checked::malformed;
  for (auto member : members) {
    std::string_view name;
    if (member.unescaped_key().get(name) != simdjson::SUCCESS ||
        member.value().get(inner) != simdjson::SUCCESS)
      return Checked::malformed;
    if (const auto checked = check_value(inner, levels_left - 1); checked != Checked::good)
      return checked;
  }
  return Checked::good;
}

bool at_end(simdjson::ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

// Whether the text can stand as a value in a document that is read here.
bool is_json_value(std::string_view text) {
  std::string framed = "[";  // a value of its own has other functions in simdjson
  framed.append(text).append("]");
  const simdjson::padded_string padded(framed);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::array values;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_array().get(values) != simdjson::SUCCESS)
    return false;
  std::size_t count = 0;
  for (auto entry : values) {
    JsonValue value;
    if (++count > 1 || entry.get(value) != simdjson::SUCCESS ||
        check_value(value, depth_max - 1) != Checked::good)
      return false;
  }
  return count == 1 && at_end(document);
}

// ---- Writing

void append_member(std::string& out, std::string_view name, std::string_view raw_value) {
  out += out.size() == 1 ? "\"" : ",\"";
  out += name;
  out += "\":";
  out += raw_value;
}

void append_data(std::string& out, const Event& event) {
  if (event.data.empty()) return;
  if (is_json_type(event.datacontenttype) && is_json_value(event.data)) {
    append_member(out, "data", event.data);
    return;
  }
  const bool text = is_text_type(event.datacontenttype) && !is_json_type(event.datacontenttype) &&
                    valid_utf8(event.data);
  if (text) {
    const auto escaped = json_string(event.data);
    // Text that is mostly escapes is smaller in base 64, and stays below what readers accept.
    if (escaped.size() <= event.data.size() * 2 + 2) {
      append_member(out, "data", escaped);
      return;
    }
  }
  append_member(out, "data_base64", '"' + to_base64(event.data) + '"');
}

// ---- Reading

// A member of the outermost object. Anything but a string is kept as it is written.
struct Member {
  std::string name;
  json_type type = json_type::null;
  std::string text;      // of a string
  std::string_view raw;  // in the document
};

tl::unexpected<Error> refuse_document(const std::string& why) {
  return fail(Code::protoerror, "event in JSON: " + why);
}

tl::unexpected<Error> not_json(simdjson::ondemand::document& document, std::string_view text) {
  const char* place = nullptr;
  if (document.current_location().get(place) != simdjson::SUCCESS)
    return refuse_document("it is not JSON, or ends too early");
  return refuse_document("it is not JSON at octet " + std::to_string(place - text.data()));
}

Status add_name(std::vector<Member>& members, std::string_view name) {
  if (members.size() >= members_max) return refuse_document("it has too many members");
  if (std::any_of(members.begin(), members.end(), [&](const Member& m) { return m.name == name; }))
    return refuse_document("member '" + printable(name.substr(0, 64)) + "' appears twice");
  members.emplace_back().name = name;
  return {};
}

// The members of the outermost object, all checked, in the order of the text, which must outlive
// them. Memory stays within a multiple of the size of the text.
Result<std::vector<Member>> read_members(const simdjson::padded_string& text) {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  if (const auto error = parser.iterate(text).get(document); error != simdjson::SUCCESS)
    return refuse_document(std::string("it is not JSON: ") + simdjson::error_message(error));
  json_type type{};
  if (document.type().get(type) != simdjson::SUCCESS) return not_json(document, text);
  if (type == json_type::array) return refuse_document("it is an array: send one event at a time");
  if (type != json_type::object) return refuse_document("it is not an object");
  simdjson::ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return not_json(document, text);
  std::vector<Member> members;
  for (auto field : object) {
    std::string_view name;
    JsonValue value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
        field.value().get(value) != simdjson::SUCCESS)
      return not_json(document, text);
    if (auto good = add_name(members, name); !good) return tl::unexpected(good.error());
    auto& member = members.back();
    if (value.type().get(member.type) != simdjson::SUCCESS) return not_json(document, text);
    member.raw = without_spaces_behind(value.raw_json_token());
    std::string_view string;
    if (member.type == json_type::string) {
      if (value.get_string().get(string) != simdjson::SUCCESS) return not_json(document, text);
      member.text = string;
      continue;
    }
    const auto checked = check_value(value, depth_max - 1);
    if (checked == Checked::too_deep) return refuse_document("it is more than 64 levels deep");
    if (checked == Checked::malformed) return not_json(document, text);
    const char* end = nullptr;  // of a container, which is read by now
    if (member.type != json_type::object && member.type != json_type::array) continue;
    if (document.current_location().get(end) != simdjson::SUCCESS) return not_json(document, text);
    const auto length = static_cast<std::size_t>(end - member.raw.data());
    member.raw = without_spaces_behind({member.raw.data(), length});
  }
  if (!at_end(document)) return not_json(document, text);
  return members;
}

bool is_integer(const Member& member) {
  return member.type == json_type::number &&
         member.raw.find_first_of(".eE") == std::string_view::npos;
}

Status set_extension(Event& event, Member& member) {
  const auto name = printable(member.name.substr(0, 64));
  if (!valid_extension_name(member.name))
    return fail(Code::badparam, "event: '" + name +
                                    "' cannot be an attribute: 1 to 64 lower-case "
                                    "letters and digits");
  if (member.type == json_type::string && member.text.empty()) return {};
  auto& value = event.extensions[member.name];
  if (member.type == json_type::boolean) {
    value = member.raw == "true";
  } else if (member.type == json_type::string) {
    value = std::move(member.text);
  } else if (!is_integer(member)) {
    return fail(Code::badparam,
                "event: " + name + " is neither a string, an integer nor a boolean");
  } else if (const auto number = parse_integer<std::int32_t>(member.raw)) {
    value = *number;
  } else {
    return fail(Code::badparam, "event: " + name + " is not an integer of 32 bits");
  }
  return {};
}

Status set_member(Event& event, Member& member, EventOrigin origin) {
  const auto* const attribute = find_attribute(member.name);
  if (attribute == nullptr) return set_extension(event, member);
  // What only the broker gives is not read, so it may be anything.
  if (attribute->stamped && origin == EventOrigin::producer) return {};
  if (attribute->kind == Attribute::Kind::severity && is_integer(member))
    return set_attribute(event, member.name, member.raw, origin);
  if (member.type != json_type::string)
    return fail(Code::badparam, "event: " + printable(member.name) + " is not a string");
  return set_attribute(event, member.name, member.text, origin);
}

Status check_version(const std::vector<Member>& members) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [](const Member& m) { return m.name == "specversion"; });
  if (found == members.end() || found->type == json_type::null)
    return fail(Code::varnotfound, "event: specversion is missing; write \"specversion\": \"1.0\"");
  if (found->type != json_type::string || found->text != "1.0")
    return fail(Code::badparam, "event: specversion is not \"1.0\"");
  return {};
}

Status set_data(Event& event, const Member& data) {
  if (event.datacontenttype.empty()) event.datacontenttype = "application/json";
  if (is_json_type(event.datacontenttype)) {
    event.data = data.raw;
    return {};
  }
  if (data.type != json_type::string)
    return fail(Code::badparam, "event: data is not a string although datacontenttype is not JSON");
  event.data = data.text;
  return {};
}

Status set_data_base64(Event& event, const Member& data) {
  if (data.type != json_type::string)
    return fail(Code::badparam, "event: data_base64 is not a string");
  auto octets = from_base64(data.text);
  if (!octets)
    return fail(Code::badparam, "event: data_base64 is not base 64 (RFC 4648 section 4)");
  event.data = std::move(*octets);
  return {};
}

Result<Event> event_of(std::vector<Member>& members, EventOrigin origin) {
  if (auto good = check_version(members); !good) return tl::unexpected(good.error());
  Event event;
  const Member* data = nullptr;
  const Member* base64 = nullptr;
  for (auto& member : members) {
    if (member.type == json_type::null || member.name == "specversion") continue;
    if (member.name == "data") {
      data = &member;
    } else if (member.name == "data_base64") {
      base64 = &member;
    } else if (auto good = set_member(event, member, origin); !good) {
      return fail(good.error().code, good.error().message, member.name);
    }
  }
  if (data != nullptr && base64 != nullptr)
    return fail(Code::badparam, "event: both data and data_base64 are given");
  Status good;
  if (data != nullptr) good = set_data(event, *data);
  if (base64 != nullptr) good = set_data_base64(event, *base64);
  if (good)
    good = validate(event, origin == EventOrigin::producer ? EventId::made_later : EventId::needed);
  if (!good) return tl::unexpected(good.error());
  return event;
}

}  // namespace

std::string to_cloudevents_json(const Event& event) {
  std::string out = "{";
  for (const auto& [name, text] : attributes_of(event)) {
    const auto extension = event.extensions.find(name);
    const bool bare =
        name == "severity" || (extension != event.extensions.end() &&
                               (std::holds_alternative<bool>(extension->second) ||
                                std::holds_alternative<std::int32_t>(extension->second)));
    append_member(out, name, bare ? text : json_string(text));
  }
  append_data(out, event);
  out += '}';
  return out;
}

namespace {

// The text of a value.
bool get_raw(JsonValue value, std::string_view& raw) {
  json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type == json_type::object) {
    simdjson::ondemand::object object;
    return value.get_object().get(object) == simdjson::SUCCESS &&
           object.raw_json().get(raw) == simdjson::SUCCESS;
  }
  if (type == json_type::array) {
    simdjson::ondemand::array array;
    return value.get_array().get(array) == simdjson::SUCCESS &&
           array.raw_json().get(raw) == simdjson::SUCCESS;
  }
  raw = value.raw_json_token();
  return true;
}

}  // namespace

Result<std::vector<std::string_view>> split_cloudevents_batch(std::string_view text,
                                                              std::size_t most) {
  const auto malformed = [] { return fail(Code::protoerror, "batch: it is not a JSON array"); };
  if (text.size() > cloudevents_json_length_max)
    return fail(Code::datatoobig, "batch: it has more than 4194304 octets");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const simdjson::padded_string padded(text);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::array entries;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_array().get(entries) != simdjson::SUCCESS)
    return malformed();
  std::vector<std::string_view> parts;
  for (auto entry : entries) {
    JsonValue value;
    std::string_view raw;
    if (entry.get(value) != simdjson::SUCCESS || !get_raw(value, raw)) return malformed();
    if (parts.size() == most)
      return fail(Code::datatoobig, "batch: it has more than " + std::to_string(most) + " events");
    // In the text that the caller holds.
    const auto begin = static_cast<std::size_t>(raw.data() - padded.data());
    parts.push_back(text.substr(begin, raw.size()));
  }
  if (!at_end(document)) return malformed();
  return parts;
}

Result<Event> event_from_cloudevents_json(std::string_view text, EventOrigin origin) {
  if (text.size() > cloudevents_json_length_max)
    return fail(Code::datatoobig, "event in JSON: it has more than 4194304 octets");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // RFC 8259 section 8.1
  const simdjson::padded_string document(text);
  auto members = read_members(document);
  if (!members) return tl::unexpected(members.error());
  return event_of(*members, origin);
}

}  // namespace sense

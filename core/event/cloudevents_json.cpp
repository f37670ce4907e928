// SPDX-License-Identifier: Apache-2.0
#include "core/event/cloudevents_json.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/event/attributes.hpp"

namespace sense {

namespace {

using nlohmann::json;

constexpr std::size_t depth_max = 64;
// All attributes that an event can have, and data, with room for what is refused later by name.
constexpr std::size_t members_max = Event::extensions_max + 64;

// The end of the string that starts at `at`. REQUIRES: valid JSON.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at + 1;
}

// ---- Writing

// REQUIRES: valid JSON.
std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0;
  std::size_t most = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"')
      at = skip_string(text, at) - 1;
    else if (text[at] == '{' || text[at] == '[')
      most = std::max(most, ++depth);
    else if (text[at] == '}' || text[at] == ']')
      --depth;
  }
  return most;
}

bool can_be_raw_json(const Event& event) {
  const auto& data = event.data;
  // nlohmann's reader lets a byte order mark pass, which may not stand within a document.
  if (!is_json_type(event.datacontenttype) || data.starts_with("\xef\xbb\xbf")) return false;
  return valid_utf8(data) && json::accept(data) && depth_of(data) < depth_max;
}

void append_member(std::string& out, std::string_view name, std::string_view raw_value) {
  out += out.size() == 1 ? "\"" : ",\"";
  out += name;
  out += "\":";
  out += raw_value;
}

void append_data(std::string& out, const Event& event) {
  if (event.data.empty()) return;
  if (can_be_raw_json(event)) {
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

// The members of the outermost object: scalars are kept, anything deeper is only counted. No tree
// is built, so that memory stays within the size of the text.
class MemberReader final : public nlohmann::json_sax<json> {
 public:
  struct Member {
    std::string name;
    enum class Kind { null, boolean, integer, text, other } kind = Kind::other;
    bool flag = false;
    std::int64_t number = 0;
    std::string text;
  };
  std::vector<Member> members;
  std::optional<Error> error;

  bool null() override { return scalar(Member::Kind::null); }
  bool boolean(bool value) override {
    if (depth_ == 1 && !members.empty()) members.back().flag = value;
    return scalar(Member::Kind::boolean);
  }
  bool number_integer(number_integer_t value) override {
    if (depth_ == 1 && !members.empty()) members.back().number = value;
    return scalar(Member::Kind::integer);
  }
  bool number_unsigned(number_unsigned_t value) override {
    const auto most = static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
    if (value > most) return scalar(Member::Kind::other);
    return number_integer(static_cast<number_integer_t>(value));
  }
  bool number_float(number_float_t, const string_t&) override {
    return scalar(Member::Kind::other);
  }
  bool string(string_t& value) override {
    if (depth_ == 1 && !members.empty()) members.back().text = std::move(value);
    return scalar(Member::Kind::text);
  }
  bool binary(binary_t&) override { return refuse("it has binary values"); }
  bool start_object(std::size_t) override { return descend(); }
  bool start_array(std::size_t) override {
    return depth_ == 0 ? refuse("it is an array: send one event at a time") : descend();
  }
  bool end_object() override { return ascend(); }
  bool end_array() override { return ascend(); }
  bool key(string_t& name) override {
    if (depth_ != 1) return true;
    if (members.size() >= members_max) return refuse("it has too many members");
    const auto same = [&](const Member& member) { return member.name == name; };
    if (std::any_of(members.begin(), members.end(), same))
      return refuse("member '" + printable(name.substr(0, 64)) + "' appears twice");
    members.emplace_back().name = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return refuse("it is not JSON at octet " + std::to_string(position));
  }

 private:
  bool refuse(const std::string& why) {
    if (!error) error = Error{Code::protoerror, "event in JSON: " + why};
    return false;
  }
  bool scalar(Member::Kind kind) {
    if (depth_ == 0) return refuse("it is not an object");
    if (depth_ == 1) members.back().kind = kind;
    return true;
  }
  bool descend() { return ++depth_ <= depth_max || refuse("it is more than 64 levels deep"); }
  bool ascend() {
    --depth_;
    return true;
  }
  std::size_t depth_ = 0;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The end of the value that starts at `at`. REQUIRES: valid JSON.
std::size_t skip_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (;;) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at;
    } else if (c == '}' || c == ']') {
      --depth;
      ++at;
    } else if (depth > 0) {
      ++at;
      continue;
    } else {
      while (text[at] != ',' && text[at] != '}' && !is_space(text[at])) ++at;
    }
    if (depth == 0) return at;
  }
}

// A member's value exactly as it is written. REQUIRES: text is a valid JSON object with that
// member.
std::string_view raw_member(std::string_view text, std::string_view name) {
  const auto skip_spaces = [&](std::size_t at) {
    while (is_space(text[at])) ++at;
    return at;
  };
  std::size_t at = text.find('{') + 1;
  for (;;) {
    at = skip_spaces(at);
    const auto key_end = skip_string(text, at);
    const auto key = json::parse(text.substr(at, key_end - at)).get<std::string>();
    const auto start = skip_spaces(skip_spaces(key_end) + 1);
    const auto end = skip_value(text, start);
    if (key == name) return text.substr(start, end - start);
    at = skip_spaces(end);
    SENSE_CHECK(text[at] == ',');
    ++at;
  }
}

using Member = MemberReader::Member;

Status set_extension(Event& event, Member& member) {
  const auto name = printable(member.name.substr(0, 64));
  if (!valid_extension_name(member.name))
    return fail(Code::badparam, "event: '" + name +
                                    "' cannot be an attribute: 1 to 64 lower-case "
                                    "letters and digits");
  if (member.kind == Member::Kind::text && member.text.empty()) return {};
  auto& value = event.extensions[member.name];
  switch (member.kind) {
    case Member::Kind::boolean: value = member.flag; return {};
    case Member::Kind::text: value = std::move(member.text); return {};
    case Member::Kind::integer:
      if (member.number == static_cast<std::int32_t>(member.number)) {
        value = static_cast<std::int32_t>(member.number);
        return {};
      }
      return fail(Code::badparam, "event: " + name + " is not an integer of 32 bits");
    default:
      return fail(Code::badparam,
                  "event: " + name + " is neither a string, an integer nor a boolean");
  }
}

Status set_member(Event& event, Member& member, EventOrigin origin) {
  if (member.kind == Member::Kind::null) return {};
  if (find_attribute(member.name) == nullptr) return set_extension(event, member);
  if (member.name == "severity" && member.kind == Member::Kind::integer)
    return set_attribute(event, member.name, std::to_string(member.number), origin);
  if (member.kind != Member::Kind::text)
    return fail(Code::badparam, "event: " + printable(member.name) + " is not a string");
  return set_attribute(event, member.name, member.text, origin);
}

Status check_version(const std::vector<Member>& members) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [](const Member& m) { return m.name == "specversion"; });
  if (found == members.end() || found->kind == Member::Kind::null)
    return fail(Code::varnotfound, "event: specversion is missing; write \"specversion\": \"1.0\"");
  if (found->kind != Member::Kind::text || found->text != "1.0")
    return fail(Code::badparam, "event: specversion is not \"1.0\"");
  return {};
}

Status set_data(Event& event, const Member& data, std::string_view document) {
  if (event.datacontenttype.empty()) event.datacontenttype = "application/json";
  if (is_json_type(event.datacontenttype)) {
    event.data = raw_member(document, "data");
    return {};
  }
  if (data.kind != Member::Kind::text)
    return fail(Code::badparam, "event: data is not a string although datacontenttype is not JSON");
  event.data = data.text;
  return {};
}

Status set_data_base64(Event& event, const Member& data) {
  if (data.kind != Member::Kind::text)
    return fail(Code::badparam, "event: data_base64 is not a string");
  auto octets = from_base64(data.text);
  if (!octets)
    return fail(Code::badparam, "event: data_base64 is not base 64 (RFC 4648 section 4)");
  event.data = std::move(*octets);
  return {};
}

Status validate_with_id(Event& event, EventOrigin origin) {
  if (!event.id.empty() || origin == EventOrigin::service) return validate(event);
  event.id = "0";  // placeholder, replaced by the caller
  auto good = validate(event);
  event.id.clear();
  return good;
}

Result<Event> event_of(std::vector<Member>& members, std::string_view document,
                       EventOrigin origin) {
  if (auto good = check_version(members); !good) return tl::unexpected(good.error());
  Event event;
  const Member* data = nullptr;
  const Member* base64 = nullptr;
  for (auto& member : members) {
    if (member.kind == Member::Kind::null || member.name == "specversion") continue;
    if (member.name == "data") {
      data = &member;
    } else if (member.name == "data_base64") {
      base64 = &member;
    } else if (auto good = set_member(event, member, origin); !good) {
      return tl::unexpected(good.error());
    }
  }
  if (data != nullptr && base64 != nullptr)
    return fail(Code::badparam, "event: both data and data_base64 are given");
  Status good;
  if (data != nullptr) good = set_data(event, *data, document);
  if (base64 != nullptr) good = set_data_base64(event, *base64);
  if (good) good = validate_with_id(event, origin);
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

Result<Event> event_from_cloudevents_json(std::string_view text, EventOrigin origin) {
  if (text.size() > cloudevents_json_length_max)
    return fail(Code::datatoobig, "event in JSON: it has more than 4194304 octets");
  try {
    MemberReader reader;
    if (!json::sax_parse(text, &reader))
      return tl::unexpected(
          reader.error.value_or(Error{Code::protoerror, "event in JSON: it is not JSON"}));
    return event_of(reader.members, text, origin);
  } catch (const std::exception& problem) {
    return fail(Code::internalerror, std::string("event in JSON: ") + problem.what());
  }
}

}  // namespace sense

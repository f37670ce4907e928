// SPDX-License-Identifier: Apache-2.0
#include "core/sense/message.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/text.hpp"

namespace sense::datagram {

namespace {

constexpr std::string_view magic = "SENSE/1 ";
constexpr std::size_t start_line_max = 160;  // magic, kind, tag, code and symbol at their longest
constexpr std::size_t kind_length_max = 32;

constexpr std::array<std::string_view, 11> kind_names = {
    "REGISTER", "CANCEL", "SOURCES", "PARAMETERS", "PUBLISH", "EVENT",
    "GAP",      "ENDED",  "VERIFY",  "ACK",        "REPLY"};

bool same_name(std::string_view left, std::string_view right) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [&](char a, char b) { return fold(a) == fold(b); });
}

bool valid_name(std::string_view name) {
  return !name.empty() && is_alpha(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-';
  });
}

// Their grammars allow no control characters, and percent signs in a URI belong to the URI.
bool is_verbatim(std::string_view name) {
  return same_name(name, "Type") || same_name(name, "Source") || same_name(name, "Deliver-To") ||
         same_name(name, "Fetch");
}

// What follows a percent sign: any number of `25`, then two digits that name a control character.
struct Escape {
  std::size_t guards = 0;
  char control = 0;
  bool found = false;
};

Escape escape_after(std::string_view rest) {
  Escape escape;
  while (rest.starts_with("25")) {
    rest.remove_prefix(2);
    ++escape.guards;
  }
  const auto octet = hex_octet(rest);
  escape.found = octet && is_control(*octet);
  if (escape.found) escape.control = *octet;
  return escape;
}

// The next line without its line end; nothing when there is no LF within `limit` octets.
std::optional<std::string_view> take_line(std::string_view& rest, std::size_t limit) {
  const auto end = rest.substr(0, limit).find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  auto line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

tl::unexpected<Error> bad(std::string message) {
  return fail(Code::protoerror, std::move(message));
}

Status read_code(Message& message, const std::vector<std::string_view>& words) {
  if (message.kind != Kind::reply) {
    if (words.size() == 2) return {};
    return bad("the start line has a code, which only a REPLY has");
  }
  if (words.size() != 4) return bad("the start line of a REPLY has no code and symbol");
  const auto number = parse_integer<std::uint64_t>(words[2]);
  const auto code = number ? code_from_number(*number) : std::nullopt;
  if (!code || words[2].size() > 2) return bad("the start line has a code that does not exist");
  if (words[3].empty() || !std::all_of(words[3].begin(), words[3].end(), is_alpha))
    return bad("the start line has a symbol that is not a word");
  message.code = *code;
  return {};
}

// Reads as much of the start line as a reply needs, even when the rest is malformed.
Status read_start(std::string_view& rest, Message& message, Malformed& malformed) {
  const auto line = take_line(rest, start_line_max);
  if (!line || !line->starts_with(magic)) return bad("the start line is not one of SENSE/1");
  const auto words = split(line->substr(magic.size()), ' ');
  const auto& kind = words[0];
  const bool word = !kind.empty() && kind.size() <= kind_length_max &&
                    std::all_of(kind.begin(), kind.end(), is_alpha);
  if (words.size() < 2 || !word || !valid_tag(words[1]))
    return bad("the start line is not one of SENSE/1");
  malformed.tag = message.tag = words[1];
  malformed.kind = kind_from_text(kind);
  if (!malformed.kind) return bad("the kind of this message is unknown");
  message.kind = *malformed.kind;
  return read_code(message, words);
}

Status read_property(std::string_view line, Message& message) {
  if (message.properties.size() >= properties_max)
    return fail(Code::nomoreroom, "the message has more than 1024 properties");
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  if (name.size() > property_name_max)
    return fail(Code::varnametoobig, "a property's name has more than 64 octets");
  if (colon == std::string_view::npos || !valid_name(name))
    return bad("a line is not a property: name, colon, space, value");
  const auto value = line.substr(colon + 1);
  if (!value.starts_with(' ')) return bad("no space after the colon of " + std::string(name));
  if (value.size() > property_value_max + 1)
    return fail(Code::varvaltoobig,
                "the value of " + std::string(name) + " has more than 8192 octets");
  if (std::any_of(value.begin(), value.end(), is_control))
    return bad("a control character in the value of " + std::string(name) +
               " is not percent-encoded");
  if (!valid_utf8(value)) return bad("the value of " + std::string(name) + " is not UTF-8");
  const auto text = value.substr(1);
  message.properties.push_back(
      {std::string(name), is_verbatim(name) ? std::string(text) : decode_value(text)});
  return {};
}

// Removes the framing from the properties: Length, and Truncated: yes.
Status take_framing(Message& message, std::optional<std::uint64_t>& length, bool& truncated) {
  auto& properties = message.properties;
  for (auto property = properties.begin(); property != properties.end();) {
    const bool is_length = same_name(property->name, "Length");
    const bool is_truncated = same_name(property->name, "Truncated") && property->value == "yes";
    if (is_length) {
      if (length) return bad("Length stands there twice");
      length = parse_integer<std::uint64_t>(property->value);
      if (!length) return bad("Length is not a decimal number");
    }
    truncated = truncated || is_truncated;
    property = is_length || is_truncated ? properties.erase(property) : property + 1;
  }
  return {};
}

Status read_data(std::string_view rest, Message& message) {
  std::optional<std::uint64_t> length;
  bool truncated = false;
  if (auto status = take_framing(message, length, truncated); !status) return status;
  if (truncated) {
    if (!length || !rest.empty()) return bad("Truncated: yes goes with Length and without data");
    message.truncated_length = length;
    return {};
  }
  if (length.value_or(0) != rest.size())
    return bad("Length says " + (length ? std::to_string(*length) : "nothing") + ", but " +
               std::to_string(rest.size()) + " octets follow the empty line");
  message.data = rest;
  return {};
}

Status read_message(std::string_view octets, std::size_t octets_max, Message& message,
                    Malformed& malformed) {
  auto rest = octets;
  if (auto status = read_start(rest, message, malformed); !status) return status;
  if (octets.size() > octets_max)
    return fail(Code::datatoobig,
                "the message has more than " + std::to_string(octets_max) + " octets");
  for (;;) {
    const auto line = take_line(rest, rest.size());
    if (!line) return bad("the empty line after the properties is missing");
    if (line->empty()) break;
    if (auto status = read_property(*line, message); !status) return status;
  }
  return read_data(rest, message);
}

}  // namespace

std::string_view to_text(Kind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::optional<Kind> kind_from_text(std::string_view text) {
  const auto* found = std::find(kind_names.begin(), kind_names.end(), text);
  if (found == kind_names.end()) return std::nullopt;
  return static_cast<Kind>(found - kind_names.begin());
}

bool is_request(Kind kind) {
  return kind == Kind::register_ || kind == Kind::cancel || kind == Kind::sources ||
         kind == Kind::parameters || kind == Kind::publish;
}

bool valid_tag(std::string_view text) {
  return !text.empty() && text.size() <= tag_length_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
         });
}

std::optional<std::string_view> Message::get(std::string_view name) const {
  for (const auto& property : properties)
    if (same_name(property.name, name)) return property.value;
  return std::nullopt;
}

std::string_view Message::text(std::string_view name) const { return get(name).value_or(""); }

std::vector<std::string_view> Message::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& property : properties)
    if (same_name(property.name, name)) values.emplace_back(property.value);
  return values;
}

Result<std::uint64_t> Message::number(std::string_view name) const {
  const auto value = get(name);
  if (!value) return fail(Code::varnotfound, std::string(name) + " is missing");
  const auto number = parse_integer<std::uint64_t>(*value);
  if (!number) return fail(Code::badparam, std::string(name) + " is not a decimal number");
  return *number;
}

Message& Message::add(std::string_view name, std::string_view value) {
  properties.push_back({std::string(name), std::string(value)});
  return *this;
}

Message& Message::add(std::string_view name, std::uint64_t value) {
  return add(name, std::to_string(value));
}

Message make_message(Kind kind, std::string_view tag) {
  Message message;
  message.kind = kind;
  message.tag = tag;
  return message;
}

Message make_reply(std::string_view tag, Code code, std::string_view reason) {
  auto message = make_message(Kind::reply, tag);
  message.code = code;
  if (!reason.empty()) message.add("Reason", reason);
  return message;
}

tl::expected<Message, Malformed> parse(std::string_view octets, std::size_t octets_max) {
  Message message;
  Malformed malformed;
  if (auto status = read_message(octets, octets_max, message, malformed); !status) {
    malformed.error = std::move(status.error());
    return tl::unexpected(std::move(malformed));
  }
  return message;
}

namespace {

std::string start_line(Kind kind, std::string_view tag, std::size_t octets_expected) {
  SENSE_CHECK(valid_tag(tag));
  std::string out;
  out.reserve(octets_expected);
  return out.append(magic).append(to_text(kind)).append(" ").append(tag);
}

void append_value(std::string& out, std::string_view name, std::string_view value) {
  const auto plain = [](char c) { return !is_control(c) && c != '%'; };
  if (std::all_of(value.begin(), value.end(), plain))
    out += value;
  else if (is_verbatim(name))
    for (const char c : value) is_control(c) ? append_percent_encoded(out, c) : out.push_back(c);
  else
    out += encode_value(value);
}

void append_property(std::string& out, std::string_view name, std::string_view value) {
  SENSE_CHECK(valid_name(name));
  out.append(name).append(": ");
  append_value(out, name, value);
  out += '\n';
}

void append_number(std::string& out, std::string_view name, std::uint64_t value) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(name).append(": ").append(digits.data(), end).append("\n");
}

void append_end(std::string& out, std::string_view data) {
  if (!data.empty()) append_number(out, "Length", data.size());
  out.append("\n").append(data);
}

void append_end_truncated(std::string& out, std::uint64_t length) {
  out += "Truncated: yes\n";
  append_number(out, "Length", length);
  out += '\n';
}

}  // namespace

std::string serialize(const Message& message) {
  auto out = start_line(message.kind, message.tag, 256 + message.data.size());
  if (message.kind == Kind::reply)
    out.append(" " + std::to_string(static_cast<unsigned>(message.code)) + " ")
        .append(symbol(message.code));
  out += '\n';
  for (const auto& [name, value] : message.properties) append_property(out, name, value);
  if (message.truncated_length)
    append_end_truncated(out, *message.truncated_length);
  else
    append_end(out, message.data);
  return out;
}

MessageWriter::MessageWriter(Kind kind, std::string_view tag, std::size_t octets_expected)
    : out_(start_line(kind, tag, octets_expected)) {
  SENSE_CHECK(kind != Kind::reply);
  out_ += '\n';
}

MessageWriter& MessageWriter::add(std::string_view name, std::string_view value) {
  append_property(out_, name, value);
  return *this;
}

MessageWriter& MessageWriter::add(std::string_view name, std::uint64_t value) {
  SENSE_CHECK(valid_name(name));
  append_number(out_, name, value);
  return *this;
}

std::string MessageWriter::end(std::string_view data) {
  append_end(out_, data);
  return std::move(out_);
}

std::string MessageWriter::end_truncated(std::uint64_t length) {
  append_end_truncated(out_, length);
  return std::move(out_);
}

std::string encode_value(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (is_control(value[i])) {
      append_percent_encoded(out, value[i]);
      continue;
    }
    out += value[i];
    if (value[i] == '%' && escape_after(value.substr(i + 1)).found) out += "25";
  }
  return out;
}

std::string decode_value(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto escape = value[i] == '%' ? escape_after(value.substr(i + 1)) : Escape{};
    if (!escape.found) {
      out += value[i];
    } else if (escape.guards == 0) {
      out += escape.control;
      i += 2;
    } else {
      out += '%';
      i += 2;  // removes one `25`; the rest is copied
    }
  }
  return out;
}

}  // namespace sense::datagram

// SPDX-License-Identifier: Apache-2.0
// Attributes as strings, base 64 and content types: the parts of cloudevents_json.hpp without JSON.
#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/text.hpp"
#include "core/event/attributes.hpp"
#include "core/event/cloudevents_json.hpp"

namespace sense {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}
constexpr auto base64_values = make_values();

Status set_list(std::vector<std::string>& list, std::string_view name, std::string_view text) {
  list.clear();
  if (text.empty()) return {};
  for (const auto piece : split(text, ',')) {
    std::string entry;
    for (std::size_t at = 0; at < piece.size(); ++at) {
      const auto escape = piece.substr(at, 3);
      if (piece[at] != '%') {
        entry += piece[at];
      } else if (escape == "%2C" || escape == "%2c" || escape == "%25") {
        entry += escape == "%25" ? '%' : ',';
        at += 2;
      } else {
        return fail(Code::badparam,
                    "event: " + std::string(name) + " has a % that is neither %2C nor %25");
      }
    }
    if (entry.empty() || list.size() >= Event::principals_max)
      return fail(Code::badparam,
                  "event: " + std::string(name) + " has an empty entry or more than 256 of them");
    list.push_back(std::move(entry));
  }
  return {};
}

Status set_time(std::optional<WallTime>& time, std::string_view name, std::string_view text) {
  auto parsed = parse_rfc3339(text);
  if (!parsed)
    return fail(Code::badparam,
                "event: " + std::string(name) + ": " + printable(parsed.error().message));
  // The offset may lead out of the representable years.
  constexpr WallTime first{};
  constexpr WallTime end = std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1};
  if (*parsed < first || *parsed >= end)
    return fail(Code::badparam,
                "event: " + std::string(name) + " is not in the years 1970 to 9999");
  time = *parsed;
  return {};
}

template <class T>
bool read_number(std::string_view text, T& number) {
  const auto* const last = text.data() + text.size();
  const auto [end, wrong] = std::from_chars(text.data(), last, number);
  return wrong == std::errc{} && end == last;
}

Status set_severity(Event& event, std::string_view text) {
  unsigned number = 8;
  if (!read_number(text, number) || number > 7)
    return fail(Code::badparam, "event: severity is 0 (emergency) to 7 (debug)");
  event.severity = static_cast<std::uint8_t>(number);
  return {};
}

Status set_type(Event& event, std::string_view text) {
  auto name = QName::parse(text);
  if (!name) return tl::unexpected(name.error());
  event.type = std::move(*name);
  return {};
}

Status set_sequence(Event& event, std::string_view text) {
  if (!read_number(text, event.sequence))
    return fail(Code::badparam, "event: sequence is not a number");
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

std::string to_base64(std::string_view octets) {
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    std::uint32_t group = 0;
    const auto count = std::min<std::size_t>(3, octets.size() - at);
    for (std::size_t i = 0; i < 3; ++i)
      group = (group << 8U) | (i < count ? static_cast<unsigned char>(octets[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= count ? alphabet[(group >> (18 - 6 * i)) & 63U] : '=';
  }
  return text;
}

Result<std::string> from_base64(std::string_view text) {
  const auto refuse = [] { return fail(Code::badparam, "not base 64 (RFC 4648 section 4)"); };
  if (text.size() % 4 != 0) return refuse();
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string octets;
  octets.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const auto used = at + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const int value = i < used ? base64_values[static_cast<unsigned char>(text[at + i])] : 0;
      if (value < 0) return refuse();
      group = (group << 6U) | static_cast<std::uint32_t>(value);
    }
    // Bits that no octet takes must be zero, so that each octet string has one text only.
    if ((group & ((1U << (8 * (4 - used))) - 1U)) != 0) return refuse();
    for (std::size_t i = 0; i + 1 < used; ++i)
      octets += static_cast<char>((group >> (16 - 8 * i)) & 255U);
  }
  return octets;
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

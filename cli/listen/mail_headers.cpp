// SPDX-License-Identifier: Apache-2.0
#include "cli/listen/mail_headers.hpp"

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

constexpr std::size_t fields_max = 1000;
constexpr int nesting_max = 4;  // of parts

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string field(const MailHeaders& headers, std::string_view name) {
  const auto found = headers.find(name);
  return found == headers.end() || found->second.empty() ? "-" : found->second;
}

// "<id@host>" without the angle brackets; "Name <a@b>" becomes a@b.
std::string within_angles(const std::string& text) {
  const auto open = text.find('<');
  const auto close = text.find('>', open);
  if (open == std::string::npos || close == std::string::npos) return text;
  return text.substr(open + 1, close - open - 1);
}

std::string_view body_of(std::string_view message) {
  while (!message.empty())
    if (take_line(message).empty()) return message;
  return {};
}

// "" when the body has no parts. RFC 2046 section 5.1.1.
std::string boundary_of(std::string_view type) {
  constexpr std::string_view name = "boundary=";
  const auto parameters = split(type, ';');
  if (!lower(trim(parameters.front())).starts_with("multipart/")) return {};
  for (const auto each : parameters) {
    auto value = trim(each);
    if (lower(value.substr(0, name.size())) != name) continue;
    value.remove_prefix(name.size());
    if (value.starts_with('"')) value = value.substr(1, value.find('"', 1) - 1);
    return std::string(value);
  }
  return {};
}

// The first part, which is the text for people; the whole body when there are no parts.
std::string_view first_text(std::string_view message) {
  auto body = body_of(message);
  for (int depth = 0; depth < nesting_max; ++depth) {
    const auto boundary = boundary_of(field(parse_mail_headers(message), "content-type"));
    const auto begin = body.find("--" + boundary);
    if (boundary.empty() || begin == std::string_view::npos) break;
    body.remove_prefix(begin);
    take_line(body);
    message = body.substr(0, body.find("\n--" + boundary));
    if (message.ends_with('\r')) message.remove_suffix(1);
    body = body_of(message);
  }
  return body;
}

// RFC 2045 section 6.7; octets that are not so encoded are kept.
std::string quoted_printable_decoded(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto octet = text.front() == '=' ? hex_octet(text.substr(1)) : std::nullopt;
    if (octet) {
      result += *octet;
      text.remove_prefix(3);
    } else if (text.starts_with("=\n") || text.starts_with("=\r\n")) {
      take_line(text);
    } else {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  return result;
}

// The value of the first line `name: value` in the text for people.
std::string line_in(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const auto line = take_line(text);
    if (line.starts_with(name)) return std::string(trim(line.substr(name.size())));
  }
  return "-";
}

}  // namespace

MailHeaders parse_mail_headers(std::string_view message) {
  MailHeaders headers;
  std::string* last = nullptr;
  for (std::size_t fields = 0; !message.empty() && fields < fields_max;) {
    const auto line = take_line(message);
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') {
      if (last != nullptr) *last += " " + std::string(trim(line));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto [entry, fresh] =
        headers.try_emplace(lower(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
    last = fresh ? &entry->second : nullptr;
    ++fields;
  }
  return headers;
}

ReceivedEvent event_of_mail(std::string_view message) {
  const auto headers = parse_mail_headers(message);
  ReceivedEvent event;
  event.callback = "mailto:" + within_angles(field(headers, "to"));
  event.number = field(headers, "sense-number");
  event.id = field(headers, "sense-event-id");
  event.subscription = field(headers, "sense-subscription");
  // Type and source may be too long for a header; they lead the text.
  event.data = quoted_printable_decoded(first_text(message));
  event.type = line_in(event.data, "type: ");
  event.source = line_in(event.data, "source: ");
  return event;
}

}  // namespace sense::cli

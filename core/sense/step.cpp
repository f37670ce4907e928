// SPDX-License-Identifier: Apache-2.0
#include "core/sense/step.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/text.hpp"

namespace sense::step {

namespace {

// Octets kept of a line: line_length_max, CR, and one that shows that the line was too long.
constexpr std::size_t kept_max = line_length_max + 2;

// Independent of the locale.

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

// Never cuts a character of UTF-8.
std::string_view shortened(std::string_view line) {
  auto length = line_length_max;
  const auto continues = [&] {
    return (static_cast<unsigned char>(line[length]) & 0xc0U) == 0x80U;
  };
  while (length > line_length_max - 4 && continues()) --length;
  return line.substr(0, continues() ? line_length_max : length);
}

}  // namespace

std::optional<CodeAndReason> split_line(std::string_view line) {
  const auto* end = std::find_if_not(line.begin(), line.end(), is_digit);
  const auto digits = static_cast<std::size_t>(end - line.begin());
  if (digits == 0 || digits == line.size() || line[digits] != ' ') return std::nullopt;
  return CodeAndReason{line.substr(0, digits), line.substr(digits + 1)};
}

void Reader::add(std::string_view octets) {
  text_.erase(0, at_);
  at_ = 0;
  for (const char c : octets) {
    if (c == '\n') {
      text_ += c;
      open_ = 0;
    } else if (open_ < kept_max) {
      text_ += c;
      ++open_;
    }
  }
}

std::optional<Line> Reader::next() {
  for (;;) {
    const auto found = text_.find('\n', at_);
    const bool whole = found != std::string::npos;
    if (!whole && (!ended_ || at_ == text_.size())) return std::nullopt;
    const auto end = whole ? found : text_.size();
    auto line = std::string_view(text_).substr(at_, end - at_);
    at_ = whole ? end + 1 : end;
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!trim(line).empty()) return make(line);
  }
}

Line Reader::make(std::string_view line) {
  Line made;
  made.number = number_;
  made.shortened = line.size() > line_length_max;
  if (made.shortened) line = shortened(line);
  const auto parts = split_line(line);
  made.carried = !parts;
  made.doubtful = !parts && is_digit(line.front());
  if (parts) code_ = parts->code;
  made.code = code_;
  made.reason = parts ? parts->reason : line;
  return made;
}

Event event_of(const Line& line) {
  SENSE_CHECK(!line.code.empty());
  Event event;
  event.edition = edition;
  event.data = line.text();
  // Without a charset text/plain is ASCII; octets that are not UTF-8 have no known charset.
  event.datacontenttype =
      is_ascii(event.data) || !valid_utf8(event.data) ? "text/plain" : "text/plain; charset=utf-8";
  return event;
}

}  // namespace sense::step

// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/mime.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"

namespace sense::email {

namespace {

constexpr std::size_t line_max = 76;
constexpr std::size_t encoded_word_octets = 42;  // 56 characters of base 64 and 12 around them

bool is_plain(std::string_view text) {
  return text.find("=?") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// At most `most` octets, not ending within a character.
std::string_view whole_characters(std::string_view text, std::size_t most) {
  std::size_t length = 0;
  while (length < text.size()) {
    const auto point = first_code_point(text.substr(length));
    const std::size_t step = std::max(1U, point.length);
    if (length + step > most) break;
    length += step;
  }
  return text.substr(0, length);
}

std::string encoded_words(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    const auto piece = whole_characters(text, encoded_word_octets);
    words += (words.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + to_base64(piece) + "?=");
    text.remove_prefix(piece.size());
  }
  return words;
}

std::string folded(std::string_view text, std::size_t column) {
  std::string result;
  for (const auto word : split(text, ' ')) {
    if (!result.empty()) {
      const bool fold = column + 1 + word.size() > line_max && !word.empty();
      result += fold ? "\r\n " : " ";
      column = fold ? 1 : column + 1;
    }
    result += word;
    column += word.size();
  }
  return result;
}

void append_line(std::string& out, std::string_view line) {
  std::size_t column = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (column + 3 > line_max - 1) {  // room for one escape, and for the "=" that joins lines
      out += "=\r\n";
      column = 0;
    }
    const bool special = column == 0 && (c == '.' || line.substr(at).starts_with("From "));
    const bool space_at_end = at + 1 == line.size() && (c == ' ' || c == '\t');
    const bool plain = ((c >= ' ' && c <= '~') || c == '\t') && c != '=';
    if (plain && !special && !space_at_end) {
      out += c;
      ++column;
      continue;
    }
    std::array<char, 4> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "=%02X", static_cast<unsigned char>(c));
    out += escaped.data();
    column += 3;
  }
  out += "\r\n";
}

}  // namespace

std::string header(std::string_view name, std::string_view text) {
  const auto safe = printable(text);
  auto value = is_plain(safe) ? folded(safe, name.size() + 2) : encoded_words(safe);
  return std::string(name) + ": " + value + "\r\n";
}

std::string mail_date(WallTime time) {
  using namespace std::chrono;
  constexpr std::array<const char*, 7> weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  std::array<char, 64> text{};
  std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02ld:%02ld:%02ld +0000",
      weekdays[weekday{day}.c_encoding()], unsigned{date.day()}, months[unsigned{date.month()} - 1],
      int{date.year()}, static_cast<long>(clock.hours().count()),
      static_cast<long>(clock.minutes().count()), static_cast<long>(clock.seconds().count()));
  return text.data();
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8 + 16);
  while (!text.empty()) {
    const auto end = text.find_first_of("\r\n");
    append_line(out, text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  return out;
}

std::string base64_lines(std::string_view octets) {
  constexpr std::size_t octets_a_line = line_max / 4 * 3;
  std::string out;
  out.reserve(octets.size() / 3 * 4 + octets.size() / 28 + 8);
  for (std::size_t at = 0; at < octets.size(); at += octets_a_line) {
    out += to_base64(octets.substr(at, octets_a_line));
    out += "\r\n";
  }
  return out;
}

}  // namespace sense::email

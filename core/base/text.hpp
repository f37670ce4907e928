// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Questions about text, and small changes to it. Pure functions of any thread.
namespace sense {

// Classes of ASCII characters; false for all other octets, whatever the locale.
[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
[[nodiscard]] constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] constexpr bool is_alpha(char c) { return is_lower(c) || is_upper(c); }
[[nodiscard]] constexpr bool is_alphanumeric(char c) { return is_alpha(c) || is_digit(c); }
[[nodiscard]] constexpr bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

[[nodiscard]] bool valid_utf8(std::string_view text);
// Likewise, and without NUL.
[[nodiscard]] bool valid_text(std::string_view text);

// ASCII letters in lower case; other octets unchanged.
[[nodiscard]] std::string lower(std::string_view text);

// Whether a character must be escaped for terminals and logs: it moves the cursor, or changes the
// order or the end of the visible text.
[[nodiscard]] bool deceives(char32_t c);

// Whether the text is UTF-8 and has only ASCII characters of the table, and others that do not
// deceive. Fast for ASCII: the broker checks each event's source and type so.
[[nodiscard]] bool consists_of(std::string_view text, const std::array<bool, 128>& ascii);

// The text made safe for terminals and logs: control characters (C0, C1), invalid UTF-8 and
// bidirectional overrides become \xNN or \uNNNN.
[[nodiscard]] std::string printable(std::string_view text);

// The pieces between separators; an empty text is one empty piece.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// The candidate with the smallest edit distance, if at most a third of its length; else "".
[[nodiscard]] std::string nearest(std::string_view text,
                                  const std::vector<std::string>& candidates);

// One code point at the start of text, and its length in octets; length 0 when it is not UTF-8.
struct CodePoint {
  char32_t value = 0;
  unsigned length = 0;
};
[[nodiscard]] CodePoint first_code_point(std::string_view text);

// The whole number that the text is, from `min` to `max`; absent when it is anything else: empty,
// with spaces, a plus sign or more behind it, out of range. A minus sign only for signed types.
template <std::integral Number>
[[nodiscard]] std::optional<Number> parse_integer(std::string_view text,
                                                  Number min = std::numeric_limits<Number>::min(),
                                                  Number max = std::numeric_limits<Number>::max(),
                                                  int base = 10) {
  Number number = 0;
  const auto* const last = text.data() + text.size();
  const auto [end, wrong] = std::from_chars(text.data(), last, number, base);
  if (wrong != std::errc{} || end != last || number < min || number > max) return std::nullopt;
  return number;
}

}  // namespace sense

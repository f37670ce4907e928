// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sense {

[[nodiscard]] bool valid_utf8(std::string_view text);
// Likewise, and without NUL.
[[nodiscard]] bool valid_text(std::string_view text);

// ASCII letters in lower case; other octets unchanged.
[[nodiscard]] std::string lower(std::string_view text);

// Whether a character must be escaped for terminals and logs: it moves the cursor, or changes the
// order or the end of the visible text.
[[nodiscard]] bool deceives(char32_t c);

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

// A number of decimal digits only; absent when the text is empty, signed, too big or anything else.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text);

// 0 to 15 of a hexadecimal digit, upper or lower case; -1 of any other character.
[[nodiscard]] constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace sense

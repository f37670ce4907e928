// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

// Octets as ASCII text, and back: percent-encoding, hexadecimal digits, base 64. Pure functions of
// any thread; results are at most three times as long as what they are made from.
namespace sense {

// Whether a character stands for itself in some percent-encoding.
using PlainCharacter = bool (*)(char);

// Percent-encoding (RFC 3986 section 2.1): octets that are not plain become %XX, in upper case.
// REQUIRES: '%' is not plain, if the text is to be decoded.
[[nodiscard]] std::string percent_encode(std::string_view text, PlainCharacter plain);
void append_percent_encoded(std::string& out, char octet);
// Back. Absent when a percent sign is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
// Likewise; such a percent sign stands for itself.
[[nodiscard]] std::string percent_decode_leniently(std::string_view text);

// The octet of the two hexadecimal digits, upper or lower case, that the text begins with; absent
// when it does not.
[[nodiscard]] std::optional<char> hex_octet(std::string_view text);
// Two lower-case hexadecimal digits for each octet.
[[nodiscard]] std::string to_hex(std::string_view octets);

// Base 64 (RFC 4648 section 4). Decoding is strict: padding is mandatory, nothing is skipped, and
// each octet string has one text only. Absent when the text is no such text.
[[nodiscard]] std::string to_base64(std::string_view octets);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
// Base 64 for URLs (section 5), without padding.
[[nodiscard]] std::string to_base64url(std::string_view octets);

// As text, or as the value of an attribute in quotes, of an HTML document.
[[nodiscard]] std::string html_escaped(std::string_view text);

}  // namespace sense

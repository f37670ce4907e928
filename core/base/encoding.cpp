// SPDX-License-Identifier: Apache-2.0
#include "core/base/encoding.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::string_view upper_digits = "0123456789ABCDEF";

const unsigned char* unsigned_octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Appends the octet that the %XX at the start of `text` stands for.
bool append_decoded(std::string& out, std::string_view text) {
  const auto octet = hex_octet(text.substr(1));
  if (octet) out += *octet;
  return octet.has_value();
}

}  // namespace

void append_percent_encoded(std::string& out, char octet) {
  const auto value = static_cast<unsigned char>(octet);
  (out += '%').append({upper_digits[value >> 4U], upper_digits[value & 15U]});
}

std::string percent_encode(std::string_view text, PlainCharacter plain) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (plain(c))
      out += c;
    else
      append_percent_encoded(out, c);
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%')
      out += text[at];
    else if (append_decoded(out, text.substr(at)))
      at += 2;
    else
      return std::nullopt;
  }
  return out;
}

std::string percent_decode_leniently(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && append_decoded(out, text.substr(at)))
      at += 2;
    else
      out += text[at];
  }
  return out;
}

std::optional<char> hex_octet(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto octet = parse_integer<unsigned char>(text.substr(0, 2), 0, 255, 16);
  return octet ? std::optional(static_cast<char>(*octet)) : std::nullopt;
}

std::string to_hex(std::string_view octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(octets.size() * 2);
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    text.append({digits[octet >> 4U], digits[octet & 15U]});
  }
  return text;
}

std::string to_base64(std::string_view octets) {
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a NUL
  const auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                      unsigned_octets(octets), static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string octets(text.size() / 4 * 3, '\0');
  const auto length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()),
                                      unsigned_octets(text), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  // OpenSSL counts the octets of the padding, skips white space, and ignores bits that no octet
  // takes. Of all that it accepts, only the canonical text encodes back to itself.
  const auto padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
  octets.resize(std::max<std::size_t>(static_cast<std::size_t>(length), padding) - padding);
  if (to_base64(octets) != text) return std::nullopt;
  return octets;
}

std::string to_base64url(std::string_view octets) {
  auto text = to_base64(octets);
  text.resize(text.find_last_not_of('=') + 1);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string html_escaped(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <numeric>

namespace sense {

namespace {

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const auto replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

bool deceives(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0x61c || c == 0x200e || c == 0x200f || c == 0x2028 ||
         c == 0x2029;
}

CodePoint first_code_point(std::string_view text) {
  if (text.empty()) return {};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const unsigned length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t value = lead & (0xffU >> (length + 1));
  for (unsigned i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
    return {};
  return {value, length};
}

bool consists_of(std::string_view text, const std::array<bool, 128>& ascii) {
  while (!text.empty()) {
    if (const auto octet = static_cast<unsigned char>(text.front()); octet < 128) {
      if (!ascii[octet]) return false;
      text.remove_prefix(1);
      continue;
    }
    const auto point = first_code_point(text);
    if (point.length == 0 || deceives(point.value)) return false;
    text.remove_prefix(point.length);
  }
  return true;
}

namespace {

// How many octets at the beginning are ASCII, in whole words; NUL is not among them. Most texts are
// short and ASCII, for which a call of the library, chosen by processor, takes longer than the
// look.
std::size_t ascii_words(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  constexpr std::uint64_t tops = 0x8080'8080'8080'8080;
  std::size_t checked = 0;
  for (; checked + sizeof ones <= text.size(); checked += sizeof ones) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + checked, sizeof word);
    if (((word | (word - ones)) & tops) != 0) break;
  }
  return checked;
}

bool is_short_ascii(std::string_view text) {
  constexpr std::size_t short_max = 64;
  if (text.size() > short_max) return false;
  text.remove_prefix(ascii_words(text));
  return std::all_of(text.begin(), text.end(), [](const char c) { return c > 0; });
}

}  // namespace

bool valid_utf8(std::string_view text) {
  return is_short_ascii(text) || simdjson::validate_utf8(text);
}

bool valid_text(std::string_view text) {
  return is_short_ascii(text) ||
         (text.find('\0') == std::string_view::npos && simdjson::validate_utf8(text));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result)
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto point = first_code_point(text);
    const unsigned length = std::max(1U, point.length);
    if (point.length != 0 && !deceives(point.value)) {
      result += text.substr(0, length);
    } else {
      std::array<char, 16> escaped{};
      if (point.length == 0 || point.value < 0x100)
        std::snprintf(escaped.data(), escaped.size(), "\\x%02x",
                      point.length == 0 ? static_cast<unsigned char>(text[0])
                                        : static_cast<unsigned>(point.value));
      else
        std::snprintf(escaped.data(), escaped.size(), "\\u%04x",
                      static_cast<unsigned>(point.value));
      result += escaped.data();
    }
    text.remove_prefix(length);
  }
  return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const auto at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string nearest(std::string_view text, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = 0;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(text, candidate);
    if (distance * 3 > std::max<std::size_t>(candidate.size(), 3)) continue;
    if (best.empty() || distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace sense

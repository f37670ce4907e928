// SPDX-License-Identifier: Apache-2.0
#include "core/filter/like.hpp"

#include <array>

#include "core/filter/program.hpp"

namespace sense::cesql {

namespace {

constexpr auto absent = std::string_view::npos;

// A place in the text, or `absent`; empty when the steps are used up.
using Place = std::optional<std::size_t>;

bool continues_character(char octet) {
  return (static_cast<unsigned char>(octet) & 0xc0U) == 0x80U;
}

std::size_t character_length(std::string_view text, std::size_t at) {
  std::size_t length = 1;
  while (length < 4 && at + length < text.size() && continues_character(text[at + length]))
    ++length;
  return length;
}

// Where a part without % that begins with the text ends in it.
Place end_of(std::string_view part, std::string_view text, FilterSteps& steps) {
  std::size_t at = 0;
  for (const char wanted : part) {
    if (!steps.spend(1)) return std::nullopt;
    if (at >= text.size()) return absent;
    if (wanted == any_character)
      at += character_length(text, at);
    else if (wanted == text[at])
      ++at;
    else
      return absent;
  }
  return at;
}

// Where the first place of a part without wildcards ends. Knuth, Morris and Pratt: no octet of the
// text is looked at again.
Place end_of_first(std::string_view part, std::string_view text, FilterSteps& steps) {
  if (!steps.spend(part.size())) return std::nullopt;
  // Of the first i + 1 octets: the length of the longest proper beginning that is their end, too.
  std::array<std::uint16_t, Filter::length_max> borders;
  borders[0] = 0;
  for (std::size_t i = 1, border = 0; i < part.size(); ++i) {
    while (border > 0 && part[border] != part[i]) border = borders[border - 1];
    if (part[border] == part[i]) ++border;
    borders[i] = static_cast<std::uint16_t>(border);
  }
  std::size_t found = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!steps.spend(1)) return std::nullopt;
    while (found > 0 && part[found] != text[at]) found = borders[found - 1];
    if (part[found] == text[at] && ++found == part.size()) return at + 1;
  }
  return absent;
}

// Likewise, of a part with any_character.
Place end_of_first_wild(std::string_view part, std::string_view text, FilterSteps& steps) {
  for (std::size_t at = 0; at < text.size(); at += character_length(text, at)) {
    const auto end = end_of(part, text.substr(at), steps);
    if (!end) return std::nullopt;
    if (*end != absent) return at + *end;
  }
  return absent;
}

Place find_end(std::string_view part, std::string_view text, FilterSteps& steps) {
  if (part.empty()) return 0;
  return part.find(any_character) == absent ? end_of_first(part, text, steps)
                                            : end_of_first_wild(part, text, steps);
}

// Whether the text ends with the part, which has as many characters as its end.
std::optional<bool> ends_with(std::string_view part, std::string_view text, FilterSteps& steps) {
  auto from = text.size();
  for (const char octet : part) {
    if (continues_character(octet)) continue;
    if (from == 0) return false;
    --from;
    while (from > 0 && continues_character(text[from])) --from;
  }
  const auto end = end_of(part, text.substr(from), steps);
  if (!end) return std::nullopt;
  return from + *end == text.size() && *end != absent;
}

}  // namespace

// Each part between two % is taken at its earliest place: later ones leave less for the rest.
std::optional<bool> is_like(std::string_view text, std::string_view pattern, FilterSteps& steps) {
  auto next = pattern.find(any_characters);
  const auto head = end_of(pattern.substr(0, next), text, steps);
  if (!head) return std::nullopt;
  if (*head == absent) return false;
  if (next == absent) return *head == text.size();
  text.remove_prefix(*head);
  pattern.remove_prefix(next + 1);
  while ((next = pattern.find(any_characters)) != absent) {
    const auto end = find_end(pattern.substr(0, next), text, steps);
    if (!end) return std::nullopt;
    if (*end == absent) return false;
    text.remove_prefix(*end);
    pattern.remove_prefix(next + 1);
  }
  return ends_with(pattern, text, steps);
}

}  // namespace sense::cesql

// SPDX-License-Identifier: Apache-2.0
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/base/text.hpp"
#include "core/filter/values.hpp"

// The built-in functions (CESQL 1.0, section 3.5).
namespace sense::cesql {

namespace {

// An octet that is no UTF-8 counts as one character.
CodePoint next_character(std::string_view text) {
  const auto c = first_code_point(text);
  return c.length != 0 ? c : CodePoint{static_cast<unsigned char>(text.front()), 1};
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(next_character(text).length);
  return count;
}

// The octets that the first `count` characters take.
std::size_t octets_of(std::string_view text, std::size_t count) {
  std::size_t octets = 0;
  for (; count > 0 && octets < text.size(); --count)
    octets += next_character(text.substr(octets)).length;
  return octets;
}

// White_Space of Unicode's PropList.
bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

std::string_view trimmed(std::string_view text) {
  std::size_t first = 0;
  while (first < text.size()) {
    const auto c = next_character(text.substr(first));
    if (!is_white_space(c.value)) break;
    first += c.length;
  }
  std::size_t end = first;
  for (std::size_t at = first; at < text.size();) {
    const auto c = next_character(text.substr(at));
    at += c.length;
    if (!is_white_space(c.value)) end = at;
  }
  return text.substr(first, end - first);
}

Failure too_long(Operand& result) {
  result.set(std::string_view(""));
  return FilterError::function_evaluation;
}

// utf8proc maps the sharp s to its capital; Unicode's simple mappings leave it as it is.
utf8proc_int32_t upper_case(utf8proc_int32_t c) { return c == 0xdf ? c : utf8proc_toupper(c); }

// The first pass computes the length, the second writes the octets.
Failure in_case(Operand& value, utf8proc_int32_t (*map)(utf8proc_int32_t), MadeTexts& made) {
  const auto text = value.text();
  char* out = nullptr;
  std::size_t length = 0;
  for (const bool writing : {false, true}) {
    if (writing) out = made.make(length);
    if (writing && out == nullptr) return too_long(value);
    length = 0;
    for (std::size_t at = 0; at < text.size();) {
      const auto c = first_code_point(text.substr(at));
      std::array<utf8proc_uint8_t, 4> octets{static_cast<utf8proc_uint8_t>(text[at])};
      const auto mapped = c.length == 0
                              ? 1U
                              : static_cast<std::size_t>(utf8proc_encode_char(
                                    map(static_cast<utf8proc_int32_t>(c.value)), octets.data()));
      if (writing) std::copy_n(octets.begin(), mapped, out + length);
      length += mapped;
      at += std::max(1U, c.length);
    }
  }
  value.set(std::string_view(out, length));
  return {};
}

Failure concat(Operand* arguments, std::size_t first, std::size_t count, MadeTexts& made) {
  const auto between = first == 0 ? std::string_view() : arguments[0].text();
  std::size_t length = 0;
  for (std::size_t i = first; i < count; ++i)
    length += arguments[i].text().size() + (i > first ? between.size() : 0);
  char* const out = made.make(length);
  if (out == nullptr) return too_long(arguments[0]);
  char* end = out;
  const auto append = [&](std::string_view text) {
    end = std::copy(text.begin(), text.end(), end);
  };
  for (std::size_t i = first; i < count; ++i) {
    if (i > first) append(between);
    append(arguments[i].text());
  }
  arguments[0].set(std::string_view(out, length));
  return {};
}

Failure left(Operand& text, std::int32_t count) {
  if (count < 0) return FilterError::function_evaluation;
  text.set(text.text().substr(0, octets_of(text.text(), static_cast<std::size_t>(count))));
  return {};
}

Failure right(Operand& text, std::int32_t count) {
  if (count < 0) return FilterError::function_evaluation;
  const auto all = count_characters(text.text());
  const auto wanted = std::min(all, static_cast<std::size_t>(count));
  text.set(text.text().substr(octets_of(text.text(), all - wanted)));
  return {};
}

Failure substring(Operand& value, std::int64_t position, std::int64_t length) {
  const auto text = value.text();
  const auto all = static_cast<std::int64_t>(count_characters(text));
  value.set(std::string_view(""));
  if (position > all || position < -all || length < 0) return FilterError::function_evaluation;
  if (position == 0) return {};
  const auto before = static_cast<std::size_t>(position > 0 ? position - 1 : all + position);
  const auto rest = text.substr(octets_of(text, before));
  value.set(rest.substr(0, octets_of(rest, static_cast<std::size_t>(length))));
  return {};
}

Failure absolute(Operand& value) {
  constexpr auto most = std::numeric_limits<std::int32_t>::max();
  const bool fits = value.number >= -most;
  value.set(!fits ? most : value.number < 0 ? -value.number : value.number);
  return fits ? Failure() : FilterError::math;
}

bool can_cast(Operand value, bool (*cast)(Operand&)) { return cast(value); }

// The type that argument number `i` is cast to; unknown: it stays as it is.
Type argument_type(Function function, std::size_t i) {
  switch (function) {
    case Function::to_int:
    case Function::to_bool:
    case Function::is_int:
    case Function::is_bool: return Type::unknown;
    case Function::abs: return Type::integer;
    case Function::left:
    case Function::right:
    case Function::substring: return i == 0 ? Type::text : Type::integer;
    default: return Type::text;
  }
}

Type result_of(Function function) {
  return std::find_if(signatures.begin(), signatures.end(),
                      [&](const Signature& signature) { return signature.function == function; })
      ->result;
}

}  // namespace

Failure call(Function function, Operand* arguments, std::size_t count, MadeTexts& made) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto type = argument_type(function, i);
    if (type == Type::unknown || cast(arguments[i], type, made)) continue;
    arguments[0].set_zero(result_of(function));
    return FilterError::cast;
  }
  auto& first = arguments[0];
  constexpr auto to_the_end = std::numeric_limits<std::int32_t>::max();
  switch (function) {
    case Function::length:
      first.set(static_cast<std::int32_t>(count_characters(first.text())));
      return {};
    case Function::concat: return concat(arguments, 0, count, made);
    case Function::concat_ws: return concat(arguments, 1, count, made);
    case Function::lower: return in_case(first, utf8proc_tolower, made);
    case Function::upper: return in_case(first, upper_case, made);
    case Function::trim: first.set(trimmed(first.text())); return {};
    case Function::left: return left(first, arguments[1].number);
    case Function::right: return right(first, arguments[1].number);
    case Function::substring:
      return substring(first, arguments[1].number, count == 3 ? arguments[2].number : to_the_end);
    case Function::to_int: return cast_to_integer(first) ? Failure() : FilterError::cast;
    case Function::to_bool: return cast_to_boolean(first) ? Failure() : FilterError::cast;
    case Function::to_string: return {};  // the argument's cast was all
    case Function::is_int: first.set(can_cast(first, cast_to_integer)); return {};
    case Function::is_bool: first.set(can_cast(first, cast_to_boolean)); return {};
    case Function::abs: return absolute(first);
  }
  return {};
}

}  // namespace sense::cesql

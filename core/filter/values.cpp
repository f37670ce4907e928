// SPDX-License-Identifier: Apache-2.0
#include "core/filter/values.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace sense::cesql {

void Operand::set_zero(Type zero_of) {
  if (zero_of == Type::integer)
    set(0);
  else if (zero_of == Type::text)
    set(std::string_view(""));
  else
    set(false);
}

char* MadeTexts::room(std::size_t length) {
  if (length <= here_length - used_) {
    char* const place = here_.data() + used_;
    used_ += length;
    return place;
  }
  more_.push_back(std::make_unique<char[]>(length));
  return more_.back().get();
}

char* MadeTexts::make(std::size_t length) {
  if (length > Filter::made_length_max - made_) return nullptr;
  made_ += length;
  return room(length);
}

std::string_view MadeTexts::keep(std::string_view text) {
  char* const place = room(text.size());
  std::copy(text.begin(), text.end(), place);
  return {place, text.size()};
}

bool cast_to_integer(Operand& value) {
  if (value.type == Type::integer) return true;
  if (value.type == Type::boolean) {
    value.set(value.flag ? 1 : 0);
    return true;
  }
  auto text = value.text();
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) text = {};
  }
  const auto number = parse_integer<std::int32_t>(text);
  value.set(number.value_or(0));
  return number.has_value();
}

bool cast_to_boolean(Operand& value) {
  if (value.type == Type::boolean) return true;
  if (value.type == Type::integer) {
    value.set(value.number != 0);
    return true;
  }
  const auto text = value.text();
  const auto is = [&](std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                      [](char c, char wanted) { return c == wanted || c + ('a' - 'A') == wanted; });
  };
  const bool yes = is("true");
  const bool good = yes || is("false");
  value.set(yes);
  return good;
}

void cast_to_text(Operand& value, MadeTexts& made) {
  if (value.type == Type::text) return;
  if (value.type == Type::integer) {
    std::array<char, 11> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), value.number).ptr;
    value.set(made.keep({digits.data(), static_cast<std::size_t>(end - digits.data())}));
    return;
  }
  value.set(value.flag ? std::string_view("true") : std::string_view("false"));
}

bool cast(Operand& value, Type type, MadeTexts& made) {
  if (type == Type::integer) return cast_to_integer(value);
  if (type == Type::boolean) return cast_to_boolean(value);
  cast_to_text(value, made);
  return true;
}

}  // namespace sense::cesql

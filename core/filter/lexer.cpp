// SPDX-License-Identifier: Apache-2.0
#include "core/filter/lexer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/text.hpp"

namespace sense::cesql {

namespace {

using Kind = Token::Kind;

bool is_word(char c) { return is_alphanumeric(c) || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

constexpr std::array<std::pair<std::string_view, Kind>, 9> keywords = {{
    {"and", Kind::kw_and},
    {"or", Kind::kw_or},
    {"xor", Kind::kw_xor},
    {"not", Kind::kw_not},
    {"like", Kind::kw_like},
    {"in", Kind::kw_in},
    {"exists", Kind::kw_exists},
    {"true", Kind::kw_true},
    {"false", Kind::kw_false},
}};

// Longer signs first.
constexpr std::array<std::pair<std::string_view, Kind>, 15> signs = {{
    {"!=", Kind::unequal},
    {"<>", Kind::unequal},
    {"<=", Kind::less_equal},
    {">=", Kind::more_equal},
    {"<", Kind::less},
    {">", Kind::more},
    {"=", Kind::equal},
    {"(", Kind::open},
    {")", Kind::close},
    {",", Kind::comma},
    {"*", Kind::star},
    {"/", Kind::slash},
    {"%", Kind::percent},
    {"+", Kind::plus},
    {"-", Kind::minus},
}};

Kind kind_of_word(std::string_view word) {
  if (std::all_of(word.begin(), word.end(), is_digit)) return Kind::integer;
  if (word.find('_') != std::string_view::npos) {
    const bool callable = word.front() != '_' && std::none_of(word.begin(), word.end(), is_digit);
    return callable ? Kind::function : Kind::wrong_name;
  }
  const auto folded = lower(word.substr(0, 8));
  for (const auto& [keyword, kind] : keywords)
    if (word.size() == keyword.size() && folded == keyword) return kind;
  return Kind::name;
}

// The length of the text whose first quote is at the start; 0 when it has no end.
std::size_t text_length(std::string_view rest) {
  const char quote = rest.front();
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (rest[at] == '\\') {
      ++at;
    } else if (rest[at] == quote) {
      if (at + 1 == rest.size() || rest[at + 1] != quote) return at + 1;
      ++at;
    }
  }
  return 0;
}

}  // namespace

Token next_token(std::string_view expression, std::size_t at) {
  while (at < expression.size() && is_space(expression[at])) ++at;
  const auto make = [&](Kind kind, std::size_t length) {
    return Token{kind, static_cast<std::uint16_t>(at), static_cast<std::uint16_t>(length)};
  };
  const auto rest = expression.substr(at);
  if (rest.empty()) return make(Kind::end, 0);
  if (is_word(rest.front())) {
    const auto* const end = std::find_if_not(rest.begin(), rest.end(), is_word);
    const auto length = static_cast<std::size_t>(end - rest.begin());
    return make(kind_of_word(rest.substr(0, length)), length);
  }
  if (rest.front() == '\'' || rest.front() == '"') {
    const auto length = text_length(rest);
    return length == 0 ? make(Kind::not_closed, rest.size()) : make(Kind::text, length);
  }
  for (const auto& [sign, kind] : signs)
    if (rest.starts_with(sign)) return make(kind, sign.size());
  return make(Kind::not_allowed, std::max(1U, first_code_point(rest).length));
}

std::string unquoted(std::string_view token) {
  const char quote = token.front();
  const auto inner = token.substr(1, token.size() - 2);
  std::string text;
  text.reserve(inner.size());
  for (std::size_t at = 0; at < inner.size(); ++at) {
    const bool pair = at + 1 < inner.size();
    if (pair && inner[at] == '\\') {
      // An escape is skipped as a pair, so that the second of two backslashes escapes nothing.
      if (inner[at + 1] != quote) text += '\\';
      text += inner[++at];
    } else {
      text += inner[at];
      if (inner[at] == quote) ++at;
    }
  }
  return text;
}

}  // namespace sense::cesql

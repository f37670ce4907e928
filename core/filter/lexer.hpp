// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The words and signs of a CESQL expression (CESQL 1.0, section 2). Pure functions; for core/filter
// alone.
namespace sense::cesql {

// A word or sign, as a place in the expression. A value; expressions are at most
// Filter::length_max octets long.
struct Token {
  enum class Kind : std::uint8_t {
    end,
    name,         // letters and digits, and what is neither keyword nor number
    function,     // letters and underscores: only a function may have this name
    integer,      // digits
    text,         // with its quotes
    open,         // (
    close,        // )
    comma,        // ,
    star,         // *
    slash,        // /
    percent,      // %
    plus,         // +
    minus,        // -
    equal,        // =
    unequal,      // != and <>
    less,         // <
    less_equal,   // <=
    more,         // >
    more_equal,   // >=
    kw_and,       //
    kw_or,        //
    kw_xor,       //
    kw_not,       //
    kw_like,      //
    kw_in,        //
    kw_exists,    //
    kw_true,      //
    kw_false,     //
    not_closed,   // a text without its second quote
    wrong_name,   // letters, digits and underscores mixed in a way that is no valid name
    not_allowed,  // an invalid character
  };
  Kind kind = Kind::end;
  std::uint16_t at = 0;  // octet
  std::uint16_t length = 0;

  [[nodiscard]] std::string_view in(std::string_view expression) const {
    return expression.substr(at, length);
  }
};

// The first token at or after octet `at`.
[[nodiscard]] Token next_token(std::string_view expression, std::size_t at);

// The value of a text token: without its quotes; an inner quote is written \' or '' between single
// quotes and \" or "" between double ones; all other characters are literal.
[[nodiscard]] std::string unquoted(std::string_view token);

}  // namespace sense::cesql

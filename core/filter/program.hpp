// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/attributes.hpp"
#include "core/filter/filter.hpp"

// The compiled form of a filter: instructions for a machine with a stack, in the order in which
// they run. Values and pure functions; for core/filter alone.
namespace sense::cesql {

// The types of values; unknown: of an attribute, known only when an event is there.
enum class Type : std::uint8_t { boolean, integer, text, unknown };

// What an instruction does.
enum class Op : std::uint8_t {
  // Put a value on the stack.
  boolean,           // operand: 0 or 1
  integer,           // operand: the number
  text,              // operand: slice of the pool
  attribute,         // operand: index in attributes()
  extension,         // operand: slice with its name
  attribute_exists,  // likewise
  extension_exists,
  missing_function,
  // Puts nothing there: up to instruction `operand`, an error but that of too many steps gives
  // false instead of what came before, and continues there.
  attempt,
  // Change the value on top.
  negate,
  invert,
  to_boolean,
  like,      // operand: slice with the pattern, see below
  not_like,  // likewise
  // Pop the value on top; replace the one below by the result of both.
  multiply,
  divide,
  remainder,
  add,
  subtract,
  equal,
  unequal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  exclusive_or,
  // AND, OR: when decided, jump to instruction `operand`; otherwise pop the value.
  skip_if_false,
  skip_if_true,
  // IN: when the value on top equals the one below, that is the result: jump to `operand`.
  in_element,
  not_in_element,
  // IN: no value was equal: the value on top becomes the result.
  in_end,
  not_in_end,
  // operand: the Function; pops `count` values, pushes one.
  call,
};

// Whether the operand is a slice of the pool.
constexpr bool has_slice(Op op) {
  return op == Op::text || op == Op::extension || op == Op::extension_exists || op == Op::like ||
         op == Op::not_like;
}
// Whether the operand is the place of an instruction.
constexpr bool jumps(Op op) {
  return op == Op::attempt || op == Op::skip_if_false || op == Op::skip_if_true ||
         op == Op::in_element || op == Op::not_in_element;
}

// The built-in functions (CESQL 1.0, section 3.5).
enum class Function : std::uint8_t {
  length,
  concat,
  concat_ws,
  lower,
  upper,
  trim,
  left,
  right,
  substring,
  to_int,
  to_bool,
  to_string,
  is_int,
  is_bool,
  abs,
};

// How a function is called, and the type of its value.
struct Signature {
  std::string_view name;  // in upper case
  Function function;
  std::uint8_t arguments_min;
  std::uint8_t arguments_max;
  Type result;
};

inline constexpr auto any_number = static_cast<std::uint8_t>(Filter::arguments_max);
inline constexpr std::array<Signature, 15> signatures = {{
    {"LENGTH", Function::length, 1, 1, Type::integer},
    {"CONCAT", Function::concat, 0, any_number, Type::text},
    {"CONCAT_WS", Function::concat_ws, 1, any_number, Type::text},
    {"LOWER", Function::lower, 1, 1, Type::text},
    {"UPPER", Function::upper, 1, 1, Type::text},
    {"TRIM", Function::trim, 1, 1, Type::text},
    {"LEFT", Function::left, 2, 2, Type::text},
    {"RIGHT", Function::right, 2, 2, Type::text},
    {"SUBSTRING", Function::substring, 2, 3, Type::text},
    {"INT", Function::to_int, 1, 1, Type::integer},
    {"BOOL", Function::to_bool, 1, 1, Type::boolean},
    {"STRING", Function::to_string, 1, 1, Type::text},
    {"IS_INT", Function::is_int, 1, 1, Type::boolean},
    {"IS_BOOL", Function::is_bool, 1, 1, Type::boolean},
    {"ABS", Function::abs, 1, 1, Type::integer},
}};

// One step: what, where it comes from, and its operand.
struct Instruction {
  Op op;
  std::uint8_t count = 0;
  std::uint16_t at = 0;  // octet of the expression
  std::int32_t operand = 0;
};

// A part of the pool, packed into an operand. A pool holds an expression and its texts, which are
// no longer; or dialects, the texts in them, and the pools of the expressions in them.
struct Slice {
  std::uint16_t at = 0;
  std::uint16_t length = 0;

  [[nodiscard]] std::int32_t packed() const { return at << 14 | length; }
  static Slice unpacked(std::int32_t operand) {
    return {static_cast<std::uint16_t>(operand >> 14),
            static_cast<std::uint16_t>(operand & ((1 << 14) - 1))};
  }
};
static_assert(2 * Filter::length_max < 1U << 14);
static_assert(4 * Filter::dialects_length_max <= 1U << 16);

// In a pattern of LIKE, octets that never occur in UTF-8 represent the wildcards.
inline constexpr char any_characters = '\xff';  // %
inline constexpr char any_character = '\xfe';   // _

// A compiled expression. Immutable once it is made; any thread.
struct Program {
  std::string pool;  // the expression, then texts and names that are not slices of it
  std::size_t expression_length = 0;
  std::vector<Instruction> code;  // never empty
  Type result = Type::unknown;
  std::optional<FilterFault> defect;

  [[nodiscard]] std::string_view expression() const {
    return std::string_view(pool).substr(0, expression_length);
  }
  [[nodiscard]] std::string_view slice(std::int32_t operand) const {
    const auto slice = Slice::unpacked(operand);
    return std::string_view(pool).substr(slice.at, slice.length);
  }
};

// The column of an octet: in characters, from 1.
[[nodiscard]] std::size_t column_of(std::string_view expression, std::size_t octet);

// Compiles an expression within the limits of Filter, which bound its memory.
[[nodiscard]] tl::expected<Program, FilterFault> parse(std::string_view expression);

}  // namespace sense::cesql

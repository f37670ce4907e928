// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

#include "core/base/error.hpp"
#include "core/event/event.hpp"

// CloudEvents SQL 1.0 (docs/filters.md): expressions over the attributes of an event; and the
// filter dialects of the CloudEvents Subscriptions API.
namespace sense {

namespace cesql {
struct Program;
}

// The kinds of errors (CESQL 1.0, section 3.3).
enum class FilterError : std::uint8_t {
  parse,
  math,
  cast,
  missing_function,
  function_evaluation,
  missing_attribute,
  generic,
};

// As the specification's conformance cases write it: "missingAttribute".
[[nodiscard]] std::string_view to_text(FilterError error);

// Why an expression is refused, and where. `message` is a sentence for the author of the
// expression, without the column.
struct FilterFault {
  FilterError kind = FilterError::parse;
  std::size_t column = 1;  // in characters, from 1; one beyond the last when something is missing
  std::string message;
  // The value that it evaluates to nevertheless, where the specification defines one.
  std::optional<bool> result;
};

// "filter: column 8: the sentence"
[[nodiscard]] std::string to_string(const FilterFault& fault);

// What an expression evaluates to (CESQL 1.0, section 3.1).
using FilterValue = std::variant<bool, std::int32_t, std::string>;

// An evaluation always has a value. With an error it is the result of the failing operator or
// function if that is the whole expression, otherwise the zero value of the expression's type:
// false when the type is unknown.
struct FilterResult {
  FilterValue value = false;
  std::optional<FilterError> error;
  std::size_t column = 0;  // of the operator, attribute or function that failed
};

// What an evaluation may take: a step is an instruction, or about what LIKE takes to compare an
// octet, so that the same evaluation takes the same steps on every machine. A value.
struct FilterSteps {
  static constexpr std::uint64_t of_one_evaluation = 1024 * 1024;

  std::uint64_t left = of_one_evaluation;
  bool used_up = false;  // more was wanted than was left

  // Whether there are so many; if not, none is left.
  [[nodiscard]] bool spend(std::uint64_t count) {
    used_up = count > left;
    left = used_up ? 0 : left - count;
    return !used_up;
  }
};

// A compiled expression. An immutable value, cheap to copy; any thread. Evaluation allocates no
// memory unless a function makes a text of more than 512 octets or a time is read; its duration is
// bounded by FilterSteps::of_one_evaluation; its only failure is a FilterError.
class Filter {
 public:
  static constexpr std::size_t length_max = 4096;  // octets of an expression
  static constexpr std::size_t depth_max = 64;     // of parentheses, calls, lists, NOT and -
  static constexpr std::size_t steps_max = 1024;   // operands and operators
  static constexpr std::size_t arguments_max = 64;
  static constexpr std::size_t values_max = 128;  // waiting for their operators at once
  // Octets of all texts that functions make in one evaluation; beyond: function_evaluation.
  static constexpr std::size_t made_length_max = 64 * 1024;

  static constexpr std::size_t dialects_length_max = 8192;  // octets of an array of filters
  static constexpr std::size_t dialects_max = 64;           // filters, with those within others
  static constexpr std::size_t dialects_depth_max = 6;      // of filters within others

  // Calls of unknown functions are reported by defect() and evaluate(), not here (section 3.5).
  [[nodiscard]] static tl::expected<Filter, FilterFault> compile(std::string_view expression);

  // An array of filters as JSON, all of which are to be true; text() is then that array in one
  // form. They have no defect, and no error but that of too many steps. The error's field is
  // `filters`: badparam, varvaltoobig, nomoreroom.
  [[nodiscard]] static Result<Filter> compile_dialects(std::string_view json);

  // Why this expression is not a useful filter: it calls an unknown function, names `data`, or its
  // value is a number or a text for every event. For the validation of subscriptions.
  [[nodiscard]] const std::optional<FilterFault>& defect() const;

  [[nodiscard]] FilterResult evaluate(const Event& event) const;
  // Whether the value is true and there is no error (section 1.2).
  [[nodiscard]] bool matches(const Event& event) const;
  // Likewise, within `steps`, which it spends; beyond: generic.
  [[nodiscard]] bool matches(const Event& event, FilterSteps& steps) const;

  // As it was compiled.
  [[nodiscard]] std::string_view text() const;

 private:
  explicit Filter(std::shared_ptr<const cesql::Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const cesql::Program> program_;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/filter/program.hpp"

// The filter dialects of the CloudEvents Subscriptions API (docs/filters.md, Dialects). Pure
// functions of any thread; for core/filter alone.
namespace sense::cesql {

// A filter as it was read. A value; its depth and the number of its parts have the limits of
// Filter.
struct DialectFilter {
  enum class Dialect : std::uint8_t { exact, prefix, suffix, all, any, negation, sql };
  Dialect dialect = Dialect::all;
  // Of exact, prefix, suffix: names and values, sorted by name.
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<DialectFilter> filters;  // of all, any, negation
  std::string expression;              // of sql
};

// Reads an array, all of whose filters are to be true. Strict; the error's field is `filters`, its
// sentence names the place.
[[nodiscard]] Result<DialectFilter> read_dialects(std::string_view json);
// The array as JSON without spaces, of which there is one for equal filters. REQUIRES: what
// read_dialects gave.
[[nodiscard]] std::string json_of_dialects(const DialectFilter& all);
// Its program, whose expression is `text`; the value is a boolean, and the only error of an
// evaluation is that it takes too many steps.
[[nodiscard]] Result<Program> program_of_dialects(const DialectFilter& all, std::string_view text);

}  // namespace sense::cesql

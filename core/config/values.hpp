// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/config/settings.hpp"

// How single values are written in configuration files. Pure functions.
namespace sense {

// "512", "64KiB", "4MiB", "1GiB", "1TiB": octets. Fails with badparam, as a sentence's end.
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);
// The shortest text that parse_size reads back to the same value. REQUIRES: octets >= 0.
[[nodiscard]] std::string size_text(std::int64_t octets);

// A text as a YAML scalar that parse_yaml reads back to the same octets: quoted when it must be.
[[nodiscard]] std::string yaml_scalar(std::string_view text);
// A flow sequence: [a, "b c"].
[[nodiscard]] std::string yaml_list(const std::vector<std::string>& entries);

// The bounds that hold for an option: its own, or its type's when it states none.
struct OptionRange {
  std::int64_t min;
  std::int64_t max;
};
[[nodiscard]] OptionRange range_of(const Option& option);
// "from 1s to 1h"; "" for the bounds of the type itself that need no mention.
[[nodiscard]] std::string range_text(const Option& option);
// "duration", "whole number".
[[nodiscard]] std::string_view type_text(OptionType type);

// What plain scalars are in YAML's core schema (YAML 1.2.2 section 10.3.2): true, True or TRUE, and
// so on; decimal digits with a sign, 0o17, 0x1F. Absent for anything else, and for too big a
// number.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_yaml_integer(std::string_view text);

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"

namespace sense::http {

// Names and values in order, decoded; any octets.
using Form = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t form_length_max = 16 * 1024;
inline constexpr std::size_t form_fields_max = 64;

// A body of application/x-www-form-urlencoded, such as "hub.mode=subscribe&hub.topic=https%3A...".
// Fails with datatoobig beyond the limits, and with badparam on a per cent sign without two
// hexadecimal digits. Pure.
[[nodiscard]] Result<Form> parse_form(std::string_view body);

}  // namespace sense::http

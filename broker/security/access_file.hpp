// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "broker/security/rights.hpp"
#include "core/base/error.hpp"

namespace sense {

// The allow file (docs/security.md): YAML, at most 1 MiB; its members, and those of a principal,
// are known by name. Each error says file, line and key. `name` stands in messages for the file.
[[nodiscard]] Result<Access> parse_allow_file(std::string_view text, std::string_view name);

// Reads it. Refuses one that somebody other than its owner, root or this user may write: whoever
// writes it decides who gets in.
[[nodiscard]] Result<Access> read_allow_file(const std::string& path);

// The entry for a new principal, as it would stand in the file, with rights to examples only: it is
// for a person to say what is allowed.
[[nodiscard]] std::string allow_entry(std::string_view name, std::string_view key);

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "broker/security/rights.hpp"
#include "core/base/error.hpp"

namespace sense {

// The access file (docs/security.md): YAML, at most 1 MiB, 10,000 principals with 16 proofs each,
// 1,000 groups, and 1,000 entries of each right; unknown members are refused. Each error says file,
// line and key. `name` is the file's name in messages. Users are looked up in this machine's
// database of users.
[[nodiscard]] Result<AccessList> parse_access_file(std::string_view text, std::string_view name,
                                                   WallTime now = wall_time_min);

// Reads the file; blocks; any thread. Refuses one that other users than root and this one may write
// (noaccess), since write permission is the authority over the bus.
[[nodiscard]] Result<AccessList> read_access_file(const std::string& path, WallTime now);

// An entry of the file for a new principal, with rights to example types only: the operator decides
// on its rights.
[[nodiscard]] std::string access_entry(std::string_view name, std::string_view key);

}  // namespace sense

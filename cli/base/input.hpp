// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/error.hpp"

namespace sense::cli {

// All octets of the file that a user named, "-" for standard input. Blocks; any thread. Fails as
// read_file() (core/base/file.hpp), with a sentence that names the file.
[[nodiscard]] Result<std::string> read_input(const std::string& path, std::size_t octets_max);

}  // namespace sense::cli

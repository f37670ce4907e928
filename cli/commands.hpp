// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/base/command.hpp"

namespace sense::cli {

// All of `sense`, in the order of the help; `bench`, the last, differs between its two programs.
// `global` must outlive them.
[[nodiscard]] std::vector<Command> all_commands(const Global& global, Command bench);

}  // namespace sense::cli

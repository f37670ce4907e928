// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/base/command.hpp"

namespace sense::cli {

// Reads the command line by the tables of `commands`, fills in `global` and the targets of the
// command that was given, and runs it. Answers the exit code. Help goes to standard output; a line
// that does not fit the tables is refused with one sentence and exit_usage. Main thread only.
[[nodiscard]] int run_command_line(int argc, char** argv, Global& global,
                                   const std::vector<Command>& commands);

}  // namespace sense::cli

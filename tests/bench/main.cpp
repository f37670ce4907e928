// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <exception>
#include <string>

#include "cli/base/command_line.hpp"
#include "cli/commands.hpp"
#include "tests/bench/bench_command.hpp"

// `sense` with the benchmarks instead of the command that looks for them: a benchmark starts its
// broker and gateways from this same executable.
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    sense::cli::Global global;
    const auto commands = sense::cli::all_commands(global, sense::cli::benchmarks_command(global));
    return sense::cli::run_command_line(argc, argv, global, commands);
  } catch (const std::exception& error) {
    return sense::cli::failed(std::string("unexpected: ") + error.what());
  }
}

// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <exception>
#include <string>

#include "cli/base/command_line.hpp"
#include "cli/bench/commands.hpp"
#include "cli/commands.hpp"

int main(int argc, char** argv) {
  // A reader that went away (`sense subscribe | head -1`) is an ordinary write error.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    sense::cli::Global global;
    const auto commands = sense::cli::all_commands(global, sense::cli::bench_command(argc, argv));
    return sense::cli::run_command_line(argc, argv, global, commands);
  } catch (const std::exception& error) {
    return sense::cli::failed(std::string("unexpected: ") + error.what());
  }
}

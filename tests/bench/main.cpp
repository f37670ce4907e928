// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <exception>
#include <string>

#include "cli/base/command.hpp"
#include "tests/bench/bench.hpp"

// `sense` with the benchmarks instead of the command that looks for them: a benchmark starts its
// broker and gateways from this same executable.
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return sense::cli::run_command_line(argc, argv, sense::cli::add_benchmarks);
  } catch (const std::exception& error) {
    return sense::cli::failed(std::string("unexpected: ") + error.what());
  }
}

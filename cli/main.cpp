// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <exception>
#include <string>

#include "cli/base/command.hpp"

int main(int argc, char** argv) {
  // A reader that went away (`sense subscribe | head -1`) is an ordinary write error.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return sense::cli::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    return sense::cli::failed(std::string("unexpected: ") + error.what());
  }
}

// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <string>

#include "cli/base/command_line.hpp"
#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/commands.hpp"

namespace {

// A descriptor that was closed at the start would become that of the next file that is opened, and
// what is printed would be written into a database. In its place stands one that only fails.
void occupy_standard_descriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) < 0)  // the lowest that is free, so it is this one
      (void)::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

// A reader that went away (`sense subscribe | head -1`) and a file that may not grow are ordinary
// errors of a write. SIGUSR1 and SIGUSR2 mean nothing to any command; daemons log them. The end of
// a child is not seen when a parent left SIGCHLD ignored.
void set_signals() {
  for (const int number : {SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2}) std::signal(number, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_descriptors();
  set_signals();
  try {
    sense::cli::Global global;
    const auto commands = sense::cli::all_commands(global, sense::cli::bench_command(argc, argv));
    const int code = sense::cli::run_command_line(argc, argv, global, commands);
    const auto lost = sense::cli::lost_output();
    if (code != sense::cli::exit_ok || lost.empty()) return code;
    return sense::cli::failed("standard output could not be written to its end: " + lost);
  } catch (const std::exception& error) {
    std::error_code gone;
    [[maybe_unused]] const auto here = std::filesystem::current_path(gone);
    if (gone)
      return sense::cli::refused("the current folder cannot be used: " + gone.message() +
                                 "; change to another one, or give every path from the root on");
    return sense::cli::failed(std::string("unexpected: ") + error.what());
  }
}

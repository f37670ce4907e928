// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "cli/base/commands.hpp"

namespace sense::cli {

namespace {

// The benchmarks are a program of their own, built with the tests: they are no part of the service.
int run_benchmarks(int argc, char** argv) {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto program = (folder / "sense-bench").string();
  std::vector<char*> arguments(argv, argv + argc);
  arguments.push_back(nullptr);
  ::execv(program.c_str(), arguments.data());
  return failed(program +
                " cannot be run: in the source tree, build it with `cmake --build --preset release "
                "--target sense-bench`");
}

}  // namespace

Command bench_command(int argc, char** argv) {
  return {
      .name = "bench",
      .summary = "Measure this machine: the bus beside its peers, the engine, the SENSE/1 gateway",
      .run = [argc, argv] { return run_benchmarks(argc, argv); },
      .raw = true};
}

}  // namespace sense::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/base/command.hpp"

// What `sense` does for `sense bench`; the benchmarks are in tests/bench.
namespace sense::cli {

// Becomes the program sense-bench beside this executable, with the same arguments.
[[nodiscard]] Command bench_command(int argc, char** argv);

}  // namespace sense::cli

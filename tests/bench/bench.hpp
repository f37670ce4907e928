// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/base/command.hpp"

namespace sense::cli {

// `sense bench bus|engine|sense`.
void add_benchmarks(CLI::App& app, Cli& cli);

}  // namespace sense::cli

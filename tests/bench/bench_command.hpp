// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/base/command.hpp"

namespace sense::cli {

// `sense bench bus|engine|sense|system`. `global` must outlive it.
[[nodiscard]] Command benchmarks_command(const Global& global);

}  // namespace sense::cli

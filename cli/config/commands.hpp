// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/base/command.hpp"

// `global` must outlive the command.
namespace sense::cli {

[[nodiscard]] Command config_command(const Global& global);

}  // namespace sense::cli

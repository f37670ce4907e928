// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/base/command.hpp"

// `global` must outlive the commands.
namespace sense::cli {

[[nodiscard]] Command up_command(const Global& global);
[[nodiscard]] Command broker_command(const Global& global);
[[nodiscard]] Command gateway_command(const Global& global);
[[nodiscard]] Command adapter_command(const Global& global);

}  // namespace sense::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/base/command.hpp"

// `global` must outlive the commands.
namespace sense::cli {

[[nodiscard]] Command subscribe_command(const Global& global);
[[nodiscard]] Command subscriptions_command(const Global& global);

}  // namespace sense::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/base/command.hpp"

// Subcommands of `sense subscriptions` that have files of their own. `global` must outlive them.
namespace sense::cli {

[[nodiscard]] Command subscriptions_export_command(const Global& global);
[[nodiscard]] Command subscriptions_import_command(const Global& global);

}  // namespace sense::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/base/command.hpp"

// Subcommands of `sense subscriptions` that have files of their own.
namespace sense::cli {

void add_export(CLI::App& parent, Cli& cli);
void add_import(CLI::App& parent, Cli& cli);

}  // namespace sense::cli

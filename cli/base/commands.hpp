// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/base/command.hpp"

// The commands of `sense`, each defined in the folder of its group and listed in cli/commands.cpp.
// `global` must outlive what is made of it.
namespace sense::cli {

[[nodiscard]] Command up_command(const Global& global);
[[nodiscard]] Command broker_command(const Global& global);
[[nodiscard]] Command gateway_command(const Global& global);
[[nodiscard]] Command adapter_command(const Global& global);
[[nodiscard]] Command publish_command(const Global& global);
[[nodiscard]] Command step_command(const Global& global);
[[nodiscard]] Command subscribe_command(const Global& global);
[[nodiscard]] Command subscriptions_command(const Global& global);
[[nodiscard]] Command gateways_command(const Global& global);
[[nodiscard]] Command types_command(const Global& global);
[[nodiscard]] Command listen_command(const Global& global);
[[nodiscard]] Command ping_command(const Global& global);
[[nodiscard]] Command parameters_command(const Global& global);
[[nodiscard]] Command sources_command(const Global& global);
[[nodiscard]] Command journal_command(const Global& global);
[[nodiscard]] Command dead_letters_command(const Global& global);
[[nodiscard]] Command keys_command(const Global& global);
[[nodiscard]] Command config_command(const Global& global);
[[nodiscard]] Command filter_command(const Global& global);
// Becomes the program sense-bench beside this executable, with the same arguments; the benchmarks
// are in tests/bench.
[[nodiscard]] Command bench_command(int argc, char** argv);

}  // namespace sense::cli

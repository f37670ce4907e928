// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.hpp"

#include <utility>

#include "cli/base/commands.hpp"

namespace sense::cli {

std::vector<Command> all_commands(const Global& global, Command bench) {
  return {
      up_command(global),         broker_command(global),
      gateway_command(global),    adapter_command(global),
      publish_command(global),    step_command(global),
      subscribe_command(global),  subscriptions_command(global),
      gateways_command(global),   types_command(global),
      listen_command(global),     ping_command(global),
      parameters_command(global), sources_command(global),
      journal_command(global),    dead_letters_command(global),
      keys_command(global),       config_command(global),
      filter_command(global),     std::move(bench),
  };
}

}  // namespace sense::cli

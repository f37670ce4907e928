// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/daemons/daemon.hpp"

namespace sense::cli {

namespace {

int run_gateway(const Global& global, const std::string& name, bool take_over) {
  StopSignals signals;
  const auto file = load_config(global);
  if (!file) return refused(file.error());
  const auto part = find_part(file->gateways, "gateway", name, file->path);
  if (!part) return refused(part.error());
  auto loaded = load_gateway(*file, **part);
  if (!loaded) return refused(loaded.error());
  loaded->config.take_over = take_over;
  return run_part<GatewayHost>(*file, "gateway " + name, std::move(*loaded), signals);
}

}  // namespace

void add_gateway(CLI::App& app, Cli& cli) {
  auto* command =
      add_command(app, "gateway", "Run one gateway of the configuration",
                  "Example:\n  sense gateway http       the entry `http` under `gateways:`");
  const auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Its name under `gateways:`")->required();
  const auto take_over = std::make_shared<bool>(false);
  command->add_flag("--take-over", *take_over,
                    "Serve although another gateway of this kind, which will not come back, served "
                    "last: what it had not delivered is delivered again, or not at all");
  command->callback([&cli, name, take_over] {
    cli.run = [&cli, name, take_over] { return run_gateway(cli.global, *name, *take_over); };
  });
}

}  // namespace sense::cli

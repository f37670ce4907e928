// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/daemons/daemon.hpp"

namespace sense::cli {

namespace {

int run_adapter(const Global& global, const std::string& name) {
  StopSignals signals;
  const auto file = load_config(global);
  if (!file) return refused(file.error());
  const auto part = find_part(file->adapters, "adapter", name, file->path);
  if (!part) return refused(part.error());
  auto loaded = load_adapter(*file, **part);
  if (!loaded) return refused(loaded.error());
  return run_part<AdapterHost>(*file, "adapter " + name, std::move(*loaded), signals);
}

}  // namespace

void add_adapter(CLI::App& app, Cli& cli) {
  auto* command =
      add_command(app, "adapter", "Run one adapter of the configuration",
                  "Example:\n  sense adapter snmp       the entry `snmp` under `adapters:`");
  const auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Its name under `adapters:`")->required();
  command->callback(
      [&cli, name] { cli.run = [&cli, name] { return run_adapter(cli.global, *name); }; });
}

}  // namespace sense::cli

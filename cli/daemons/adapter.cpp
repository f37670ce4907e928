// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/base/commands.hpp"
#include "cli/daemons/daemon.hpp"

namespace sense::cli {

namespace {

int run_adapter(const Global& global, const std::string& name) {
  DaemonSignals signals;
  const auto file = load_config(global);
  if (!file) return refused(file.error());
  const auto part = find_part(file->adapters, "adapter", name, file->path);
  if (!part) return refused(part.error());
  Mistakes mistakes;
  auto loaded = load_adapter(*file, **part, mistakes);
  if (!loaded) return refused(mistakes);
  return run_part<AdapterHost>(*file, "adapter " + name, std::move(*loaded), signals);
}

}  // namespace

Command adapter_command(const Global& global) {
  const auto name = std::make_shared<std::string>();
  return {.name = "adapter",
          .summary = "Run one adapter of the configuration",
          .notes = "Example:\n  sense adapter snmp       the entry `snmp` under `adapters:`",
          .options = {{.name = "NAME",
                       .target = name.get(),
                       .help = "Its name under `adapters:`",
                       .required = true}},
          .run = [&global, name] { return run_adapter(global, *name); }};
}

}  // namespace sense::cli

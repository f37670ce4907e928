// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/base/commands.hpp"
#include "cli/daemons/daemon.hpp"

namespace sense::cli {

namespace {

struct GatewayOptions {
  std::string name;
  bool take_over = false;
};

int run_gateway(const Global& global, const GatewayOptions& options) {
  DaemonSignals signals;
  const auto file = load_config(global);
  if (!file) return refused(file.error());
  const auto part = find_part(file->gateways, "gateway", options.name, file->path);
  if (!part) return refused(part.error());
  Mistakes mistakes;
  auto loaded = load_gateway(*file, **part, mistakes);
  if (!loaded) return refused(mistakes);
  loaded->config.take_over = options.take_over;
  return run_part<GatewayHost>(*file, "gateway " + options.name, std::move(*loaded), signals);
}

}  // namespace

Command gateway_command(const Global& global) {
  const auto options = std::make_shared<GatewayOptions>();
  return {.name = "gateway",
          .summary = "Run one gateway of the configuration",
          .notes = "Example:\n  sense gateway http       the entry `http` under `gateways:`",
          .options = {{.name = "NAME",
                       .target = &options->name,
                       .help = "Its name under `gateways:`",
                       .required = true},
                      {.name = "--take-over",
                       .target = &options->take_over,
                       .help = "Serve although another gateway of this kind, which will not come "
                               "back, served last: what it had not delivered is delivered again, "
                               "or not at all"}},
          .run = [&global, options] { return run_gateway(global, *options); }};
}

}  // namespace sense::cli

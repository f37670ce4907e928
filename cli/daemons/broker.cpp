// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.hpp"

#include <CLI/CLI.hpp>

#include "cli/daemons/daemon.hpp"

namespace sense::cli {

namespace {

int run_broker(const Global& global) {
  StopSignals signals;
  auto file = load_config(global);
  if (!file) return refused(file.error());
  if (auto ready = begin_daemon(*file, "broker"); !ready) return failed(ready.error());
  auto broker =
      Broker::start({file->endpoints, file->data + "/broker", file->broker, file->subscriptions});
  if (!broker) {
    log::error(broker.error().message);
    return start_failed(broker.error());
  }
  return run_daemon(**broker, signals);
}

}  // namespace

void add_broker(CLI::App& app, Cli& cli) {
  auto* command = add_command(app, "broker", "Run the broker: journal, registry, routing",
                              "Example:\n  sense broker --config /etc/sense/sense.yaml");
  command->callback([&cli] { cli.run = [&cli] { return run_broker(cli.global); }; });
}

}  // namespace sense::cli

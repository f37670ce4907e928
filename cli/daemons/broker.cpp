// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.hpp"

#include "cli/base/commands.hpp"
#include "cli/daemons/daemon.hpp"

namespace sense::cli {

namespace {

int run_broker(const Global& global) {
  DaemonSignals signals;
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

Command broker_command(const Global& global) {
  return {.name = "broker",
          .summary = "Run the broker: journal, registry, routing",
          .notes = "Example:\n  sense broker --config /etc/sense/sense.yaml",
          .run = [&global] { return run_broker(global); }};
}

}  // namespace sense::cli

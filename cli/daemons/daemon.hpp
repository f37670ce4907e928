// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/config/config_file.hpp"
#include "cli/daemons/daemon_signals.hpp"

// The start and the run of every daemon. Main thread only.
namespace sense::cli {

// For all kinds of daemon: names the process, sets up its log, enters the data folder.
[[nodiscard]] Status begin_daemon(const ConfigFile& file, const std::string& name);

// The exit code of a failed start: exit_usage for the configuration, else exit_failed.
[[nodiscard]] int start_failed(const Error& error);

// Runs a Broker, GatewayHost or AdapterHost until a signal comes; answers the exit code.
template <class Daemon>
[[nodiscard]] int run_daemon(Daemon& daemon, DaemonSignals& signals) {
  signals.call([&daemon] { daemon.stop(); });
  if (const auto ended = daemon.run(); !ended) {
    log::error(ended.error().message);
    return start_failed(ended.error());
  }
  return exit_ok;
}

// Starts and runs the gateway or adapter that was loaded.
template <class Host, class Loaded>
[[nodiscard]] int run_part(const ConfigFile& file, const std::string& name, Loaded loaded,
                           DaemonSignals& signals) {
  if (auto ready = begin_daemon(file, name); !ready) return failed(ready.error());
  // Settings and descriptor live in the shared object: it is kept until all else is destroyed.
  const auto keep = loaded.plugin;
  auto host = Host::start(std::move(loaded.config), std::move(loaded.plugin));
  if (!host) {
    log::error(host.error().message);
    return start_failed(host.error());
  }
  return run_daemon(**host, signals);
}

}  // namespace sense::cli

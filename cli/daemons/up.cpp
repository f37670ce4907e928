// SPDX-License-Identifier: Apache-2.0
#include <systemd/sd-daemon.h>

#include <memory>

#include "cli/base/commands.hpp"
#include "cli/config/config_file.hpp"
#include "cli/daemons/supervisor.hpp"
#include "core/storage/folder_lock.hpp"

namespace sense::cli {

namespace {

// In the order in which they stop: what accepts events first, the journal last.
enum Stage { adapters = 0, gateways = 1, broker = 2 };

std::vector<std::string> with_globals(std::vector<std::string> words, const ConfigFile& file) {
  // The folders are given as resolved here, so that all processes agree on them.
  const std::vector<std::string> globals{"--config", file.path,   "--data",
                                         file.data,  "--plugins", file.plugins};
  words.insert(words.end(), globals.begin(), globals.end());
  return words;
}

std::vector<ChildSpec> children_of(const ConfigFile& file) {
  std::vector<ChildSpec> specs{{"broker", with_globals({"broker"}, file), Stage::broker}};
  for (const auto& part : file.gateways)
    specs.push_back(
        {"gateway " + part.name, with_globals({"gateway", part.name}, file), Stage::gateways});
  for (const auto& part : file.adapters)
    specs.push_back(
        {"adapter " + part.name, with_globals({"adapter", part.name}, file), Stage::adapters});
  return specs;
}

int run_up(const Global& global, const std::string& pids_file) {
  const SignalQueue signals(Supervisor::watched);
  Mistakes mistakes;
  const auto file = read_config(global, mistakes);
  if (mistakes.empty()) check_programs(file, mistakes);
  if (!mistakes.empty()) return refused(mistakes);
  log::configure("up", file.log_level, file.log_format);
  if (const auto made = make_data(file); !made) return failed(made.error());
  // A second supervisor's processes would only be refused, again and again.
  const auto lock = FolderLock::take(file.data, "sense up");
  if (!lock) return failed(lock.error());
  Supervisor supervisor(signals, children_of(file), pids_file);
  ::sd_notify(0, "READY=1\nSTATUS=children are supervised");
  const auto ended = supervisor.run();
  ::sd_notify(0, "STOPPING=1");
  if (!ended) {
    log::error(ended.error().message);
    return ended.error().code == Code::badparam ? exit_usage : exit_failed;
  }
  return exit_ok;
}

}  // namespace

Command up_command(const Global& global) {
  const auto pids = std::make_shared<std::string>();
  return {
      .name = "up",
      .summary = "Run everything that the configuration names, and keep it running",
      .notes =
          "Starts the broker, each gateway and each adapter as processes of their own. One that "
          "dies is\n"
          "started again: at once the first time, then after pauses of up to 5 s. SIGINT or "
          "SIGTERM\n"
          "(Ctrl-C) stops adapters, then gateways, then the broker; a second one does not wait.\n\n"
          "Examples:\n"
          "  sense up\n"
          "  sense up --config config/demo.yaml --pids /run/sense/pids.json",
      .options = {{.name = "--pids",
                   .value_name = "FILE",
                   .target = pids.get(),
                   .help = "Write names and process ids of the children here, as JSON"}},
      .run = [&global, pids] { return run_up(global, *pids); }};
}

}  // namespace sense::cli

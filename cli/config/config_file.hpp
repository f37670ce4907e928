// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/host/host.hpp"
#include "broker/broker.hpp"
#include "cli/base/command.hpp"
#include "core/base/log.hpp"
#include "core/config/yaml.hpp"
#include "core/egress/policy.hpp"
#include "gateways/host/host.hpp"

// The one configuration file. Relative paths in it: `data` and `plugins` count from the file's own
// folder, every other one (ipc:// endpoints, a plugin's folders) from `data`, which is where the
// processes run.
namespace sense::cli {

// One entry of `gateways:` or `adapters:`. Its keys are checked when the plugin is loaded.
struct PartConfig {
  std::string name;
  std::string plugin;  // as in the file name gateway-PLUGIN.so
  YamlNode node;       // a mapping
};

// A file that was read and found good, but for the parts' own keys. A value; every path absolute.
struct ConfigFile {
  std::string path;
  std::string data;
  std::string plugins;
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::text;
  BusEndpoints endpoints;
  Settings broker;
  EgressPolicy egress;
  std::vector<PartConfig> gateways;
  std::vector<PartConfig> adapters;
  std::vector<Subscription> subscriptions;  // owner "config", no expiry
};

// --config, else $SENSE_CONFIG, else /etc/sense/sense.yaml.
[[nodiscard]] std::string config_path(const Global& global);
// Each error says file, line and key, or what to do when there is no file.
[[nodiscard]] Result<ConfigFile> load_config(const Global& global);

// A part with its plugin loaded and every key checked.
struct LoadedGateway {
  GatewayPlugin plugin;
  GatewayConfig config;
};
[[nodiscard]] Result<LoadedGateway> load_gateway(const ConfigFile& file, const PartConfig& part);
struct LoadedAdapter {
  AdapterPlugin plugin;
  AdapterConfig config;
};
[[nodiscard]] Result<LoadedAdapter> load_adapter(const ConfigFile& file, const PartConfig& part);

// Loads every plugin that the file names, checks its keys, and unloads it.
[[nodiscard]] Status check_parts(const ConfigFile& file);

// The part with that name; the error names those that there are.
[[nodiscard]] Result<const PartConfig*> find_part(const std::vector<PartConfig>& parts,
                                                  std::string_view kind, const std::string& name,
                                                  const std::string& path);

// Creates the data folder if it does not exist and makes it the working directory.
[[nodiscard]] Status enter_data(const ConfigFile& file);

// Folder of plugins when the file names none: beside the executable, else ../lib/sense/plugins.
[[nodiscard]] std::string default_plugins();

// The whole file as commented YAML, every key at its default, with the plugins in that folder.
[[nodiscard]] Result<std::string> describe_config(const std::string& plugins);

}  // namespace sense::cli

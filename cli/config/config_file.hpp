// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
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
// processes run. Values, and functions of the main thread, which block while they read.
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
  YamlNode root;                            // for the place of what is found wrong later
};

// A mapping's value under that key; null, with the mapping's place, when there is none.
[[nodiscard]] YamlNode section_of(const YamlNode& mapping, std::string_view key);
// An error with the place of the key that its sentence begins with ("listen: ...", "'listen' ...",
// "bus.service ..."); else with the mapping's.
[[nodiscard]] tl::unexpected<Error> refuse_about(const YamlNode& mapping, const Error& error);

// --config, else $SENSE_CONFIG, else /etc/sense/sense.yaml.
[[nodiscard]] std::string config_path(const Global& global);
// The file, in which each mistake is added: with file, line and key, or with what to do when there
// is no file. What is in the file is good when none was added.
[[nodiscard]] ConfigFile read_config(const Global& global, Mistakes& mistakes);
// The same for a program that needs a good file only: the first mistake is the error.
[[nodiscard]] Result<ConfigFile> load_config(const Global& global);

// A part with its plugin loaded and every key checked; nothing when mistakes were added.
struct LoadedGateway {
  GatewayPlugin plugin;
  GatewayConfig config;
};
[[nodiscard]] std::optional<LoadedGateway> load_gateway(const ConfigFile& file,
                                                        const PartConfig& part, Mistakes& mistakes);
// Likewise.
struct LoadedAdapter {
  AdapterPlugin plugin;
  AdapterConfig config;
};
[[nodiscard]] std::optional<LoadedAdapter> load_adapter(const ConfigFile& file,
                                                        const PartConfig& part, Mistakes& mistakes);

// Everything that the programs would find wrong when they start, as far as it can be known without
// starting them: the data folder, keys and access file, each part with its plugin (which is loaded,
// and unloaded again), and whether two listen at one address. Changes nothing. It reads as this
// user does: what only another user may read is a mistake.
void check_programs(const ConfigFile& file, Mistakes& mistakes);

// The part with that name; the error names those that there are.
[[nodiscard]] Result<const PartConfig*> find_part(const std::vector<PartConfig>& parts,
                                                  std::string_view kind, const std::string& name,
                                                  const std::string& path);

// Creates the data folder if it does not exist; it is closed to others and not writable for the
// group.
[[nodiscard]] Status make_data(const ConfigFile& file);
// The same, and makes it the working directory.
[[nodiscard]] Status enter_data(const ConfigFile& file);

// Folder of plugins when the file names none: beside the executable, else ../lib/sense/plugins.
[[nodiscard]] std::string default_plugins();

// The whole file as commented YAML, every key at its default, with the plugins in that folder.
[[nodiscard]] Result<std::string> describe_config(const std::string& plugins);

}  // namespace sense::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/config/config_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cli/config/config_tables.hpp"
#include "cli/config/configured_subscriptions.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t part_name_length_max = 32;
constexpr std::array<std::string_view, 7> top_sections{
    "log", "bus", "broker", "egress", "gateways", "adapters", "subscriptions"};

YamlNode section(const YamlNode& root, std::string_view key) {
  const auto* node = root.find(key);
  if (node != nullptr) return *node;
  YamlNode absent;
  absent.file = root.file;
  absent.line = root.line;
  absent.column = root.column;
  return absent;
}

std::string absolute_from(const fs::path& folder, const std::string& path) {
  return (folder / path).lexically_normal().string();
}

// `ipc://name` is a file in the data folder; absolute ones and tcp:// stay.
std::string resolve_endpoints(const std::string& data, const std::string& endpoints) {
  constexpr std::string_view ipc = "ipc://";
  std::string resolved;
  for (const auto& endpoint : endpoint_list(endpoints)) {
    resolved += resolved.empty() ? "" : ",";
    resolved += endpoint.starts_with(ipc)
                    ? std::string(ipc) + absolute_from(data, endpoint.substr(ipc.size()))
                    : endpoint;
  }
  return resolved;
}

// The paths among the values of these keys. What is a key is no path.
Status resolve_paths(Settings& settings, const std::string& data,
                     std::initializer_list<const char*> keys) {
  for (const auto* key : keys) {
    const auto& value = settings.text(key);
    if (value.empty() || valid_key(value)) continue;
    if (auto good = settings.set(key, absolute_from(data, value)); !good) return good;
  }
  return {};
}

Result<BusEndpoints> read_bus(const YamlNode& node, const std::string& data) {
  auto settings = read_settings(node, bus_options());
  if (!settings) return tl::unexpected(settings.error());
  for (const auto* key : {"service", "events", "publish"})
    if (auto good = settings->set(key, resolve_endpoints(data, settings->text(key))); !good)
      return node.refuse(good.error().message);
  if (auto good = resolve_paths(*settings, data, {"key-file", "broker-key"}); !good)
    return node.refuse(good.error().message);
  auto endpoints = bus_endpoints(*settings);
  if (!endpoints) return node.refuse(endpoints.error().message);
  return endpoints;
}

Status read_log(ConfigFile& file, const YamlNode& node) {
  const auto settings = read_settings(node, log_options);
  if (!settings) return tl::unexpected(settings.error());
  const auto& level = settings->text("level");
  const auto& format = settings->text("format");
  constexpr std::array<std::string_view, 4> levels{"debug", "info", "warn", "error"};
  const auto place = std::find(levels.begin(), levels.end(), level);
  if (place == levels.end())
    return section(node, "level")
        .refuse("'level' is debug, info, warn or error, not '" + printable(level) + "'");
  if (format != "text" && format != "json")
    return section(node, "format")
        .refuse("'format' is text or json, not '" + printable(format) + "'");
  file.log_level = static_cast<log::Level>(place - levels.begin());
  file.log_format = format == "json" ? log::Format::json : log::Format::text;
  return {};
}

Status read_egress(ConfigFile& file, const YamlNode& node) {
  const auto settings = read_settings(node, egress_options);
  if (!settings) return tl::unexpected(settings.error());
  auto policy = EgressPolicy::make(settings->list("allow"));
  if (!policy) return section(node, "allow").refuse(policy.error().message);
  file.egress = std::move(*policy);
  return {};
}

// It becomes the name of a folder, of a principal and of a registry key.
bool valid_part_name(std::string_view name) {
  return !name.empty() && name.size() <= part_name_length_max && name.front() != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Result<PartConfig> read_part(const std::string& name, const YamlNode& node) {
  if (!valid_part_name(name))
    return node.refuse_key("'" + printable(name.substr(0, 64)) +
                           "' cannot be a name here: 1 to 32 of a-z, 0-9 and '-'");
  PartConfig part{name, name, node};
  if (part.node.kind == YamlNode::Kind::null) part.node.kind = YamlNode::Kind::mapping;
  if (part.node.kind != YamlNode::Kind::mapping)
    return node.refuse("a mapping (key: value) must stand under '" + name + "'");
  const auto* plugin = node.find("plugin");
  if (plugin == nullptr || plugin->scalar.empty()) return part;
  if (plugin->kind != YamlNode::Kind::scalar || !valid_part_name(plugin->scalar))
    return plugin->refuse("'plugin' is a name: 1 to 32 of a-z, 0-9 and '-'");
  part.plugin = plugin->scalar;
  return part;
}

Status read_parts(std::vector<PartConfig>& parts, const YamlNode& node, const std::string& key) {
  if (node.kind == YamlNode::Kind::null) return {};
  if (node.kind != YamlNode::Kind::mapping)
    return node.refuse("'" + key + "' takes a mapping of names, such as  http: {}");
  for (const auto& [name, value] : node.entries) {
    auto part = read_part(name, value);
    if (!part) return tl::unexpected(part.error());
    parts.push_back(std::move(*part));
  }
  return {};
}

// The folders come first: all that follows is resolved against them.
Status read_folders(ConfigFile& file, const YamlNode& root, const Global& global) {
  const auto settings = read_settings(root, top_options, top_sections);
  if (!settings) return tl::unexpected(settings.error());
  const auto own = fs::absolute(file.path).parent_path();
  const auto here = fs::current_path();
  file.data = global.data.empty() ? absolute_from(own, settings->text("data"))
                                  : absolute_from(here, global.data);
  file.plugins = settings->text("plugins").empty() ? default_plugins()
                                                   : absolute_from(own, settings->text("plugins"));
  if (!global.plugins.empty()) file.plugins = absolute_from(here, global.plugins);
  return {};
}

// Neither a broker nor a client could use such an endpoint. Which of them reads the file is not
// known here: each says for itself what is missing.
Status check_keys(const ConfigFile& file, const YamlNode& bus) {
  const auto& keys = file.endpoints.keys;
  const bool client = !keys.key_file.empty() && !keys.broker_key.empty();
  if (keys.plaintext_tcp || client || !file.broker.text("key-file").empty()) return {};
  for (const auto* list :
       {&file.endpoints.service, &file.endpoints.events, &file.endpoints.publish})
    for (const auto& endpoint : endpoint_list(*list))
      if (is_tcp(endpoint))
        return bus.refuse(
            "'" + printable(endpoint) +
            "' needs keys: on the broker's machine run `sense keys new broker`, and set "
            "broker.key-file and broker.access-file; on a client's run `sense keys new NAME`, and "
            "set bus.key-file and bus.broker-key (docs/security.md); or set "
            "bus.allow-plaintext-tcp to true if the network is yours");
  return {};
}

Status read_sections(ConfigFile& file, const YamlNode& root) {
  if (auto good = read_log(file, section(root, "log")); !good) return good;
  auto endpoints = read_bus(section(root, "bus"), file.data);
  if (!endpoints) return tl::unexpected(endpoints.error());
  file.endpoints = *endpoints;
  auto broker = read_settings(section(root, "broker"), broker_options());
  if (!broker) return tl::unexpected(broker.error());
  file.broker = std::move(*broker);
  if (auto good = resolve_paths(file.broker, file.data, {"key-file", "access-file"}); !good)
    return section(root, "broker").refuse(good.error().message);
  if (auto good = check_keys(file, section(root, "bus")); !good) return good;
  if (auto good = read_egress(file, section(root, "egress")); !good) return good;
  if (auto good = read_parts(file.gateways, section(root, "gateways"), "gateways"); !good)
    return good;
  if (auto good = read_parts(file.adapters, section(root, "adapters"), "adapters"); !good)
    return good;
  auto subscriptions =
      read_configured_subscriptions(section(root, "subscriptions"), system_clock().now().wall);
  if (!subscriptions) return tl::unexpected(subscriptions.error());
  file.subscriptions = std::move(*subscriptions);
  return {};
}

struct PartSettings {
  Settings host;
  Settings plugin;
};

std::vector<std::string_view> keys_of(std::span<const Option> table) {
  std::vector<std::string_view> keys{"plugin"};
  for (const auto& option : table) {
    keys.emplace_back(option.key);
    if (option.old_key != nullptr) keys.emplace_back(option.old_key);
  }
  return keys;
}

// A part's mapping holds keys of two tables; each reader gets the other's keys to skip.
Result<PartSettings> read_part_settings(const PartConfig& part, std::span<const Option> host,
                                        std::span<const Option> plugin) {
  auto host_settings = read_settings(part.node, host, keys_of(plugin));
  if (!host_settings) return tl::unexpected(host_settings.error());
  auto plugin_settings = read_settings(part.node, plugin, keys_of(host));
  if (!plugin_settings) return tl::unexpected(plugin_settings.error());
  return PartSettings{std::move(*host_settings), std::move(*plugin_settings)};
}

// Where in the file, before what went wrong with the shared object.
tl::unexpected<Error> refuse_plugin(const PartConfig& part, const Error& error) {
  auto refusal = part.node.refuse_key(error.message);
  refusal.value().code = error.code;
  return refusal;
}

}  // namespace

std::string config_path(const Global& global) {
  if (!global.config.empty()) return global.config;
  const char* from_environment = std::getenv("SENSE_CONFIG");
  if (from_environment != nullptr && *from_environment != '\0') return from_environment;
  return "/etc/sense/sense.yaml";
}

Result<ConfigFile> load_config(const Global& global) {
  ConfigFile file;
  const auto path = config_path(global);
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    return fail(Code::notfound,
                "there is no configuration file " + path +
                    ": name one with --config, or write one with `sense config describe`");
  file.path = fs::absolute(path).lexically_normal().string();
  const auto root = read_yaml_file(path);
  if (!root) return tl::unexpected(root.error());
  if (auto good = read_folders(file, *root, global); !good) return tl::unexpected(good.error());
  if (auto good = read_sections(file, *root); !good) return tl::unexpected(good.error());
  return file;
}

Result<LoadedGateway> load_gateway(const ConfigFile& file, const PartConfig& part) {
  auto plugin = GatewayPlugin::load(file.plugins, part.plugin);
  if (!plugin) return refuse_plugin(part, plugin.error());
  auto settings = read_part_settings(part, gateway_host_options(), plugin->descriptor().options);
  if (!settings) return tl::unexpected(settings.error());
  GatewayConfig config{part.name,
                       file.endpoints,
                       file.data + "/gateway-" + part.name,
                       std::move(settings->host),
                       std::move(settings->plugin),
                       file.egress};
  return LoadedGateway{std::move(*plugin), std::move(config)};
}

Result<LoadedAdapter> load_adapter(const ConfigFile& file, const PartConfig& part) {
  auto plugin = AdapterPlugin::load(file.plugins, part.plugin);
  if (!plugin) return refuse_plugin(part, plugin.error());
  auto settings = read_part_settings(part, adapter_host_options(), plugin->descriptor().options);
  if (!settings) return tl::unexpected(settings.error());
  AdapterConfig config{part.name, file.endpoints, std::move(settings->host),
                       std::move(settings->plugin)};
  return LoadedAdapter{std::move(*plugin), std::move(config)};
}

Status check_parts(const ConfigFile& file) {
  for (const auto& part : file.gateways)
    if (const auto loaded = load_gateway(file, part); !loaded)
      return tl::unexpected(loaded.error());
  for (const auto& part : file.adapters)
    if (const auto loaded = load_adapter(file, part); !loaded)
      return tl::unexpected(loaded.error());
  return {};
}

Result<const PartConfig*> find_part(const std::vector<PartConfig>& parts, std::string_view kind,
                                    const std::string& name, const std::string& path) {
  std::string known;
  for (const auto& part : parts) {
    if (part.name == name) return &part;
    known += (known.empty() ? "" : ", ") + part.name;
  }
  return fail(Code::notfound, path + " names no " + std::string(kind) + " '" + printable(name) +
                                  "'; it names " + (known.empty() ? "none" : known));
}

Status enter_data(const ConfigFile& file) {
  std::error_code error;
  const auto before = ::umask(S_IRWXO | S_IWGRP);
  fs::create_directories(file.data, error);
  ::umask(before);
  if (!error) fs::current_path(file.data, error);
  if (error)
    return fail(Code::system, "the data folder " + file.data +
                                  " cannot be used: " + error.message() + "; set `data` in " +
                                  file.path + " to a folder that this user may write");
  return {};
}

std::string default_plugins() {
  std::error_code error;
  const auto folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  const auto beside = folder / "plugins";
  if (fs::is_directory(beside, error)) return beside.string();
  return (folder / "../lib/sense/plugins").lexically_normal().string();
}

}  // namespace sense::cli

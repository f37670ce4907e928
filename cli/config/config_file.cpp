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

// "*" leaves the choice to the system, as 0 does.
bool has_port(std::string_view endpoint) {
  const auto port = endpoint.substr(endpoint.rfind(':') + 1);
  return port == "*" || parse_integer<std::uint16_t>(port);
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

// Reads the sections one after another; what is wrong is added to the mistakes.
class ConfigReader {
 public:
  ConfigReader(ConfigFile& file, const Global& global, Mistakes& mistakes)
      : file_(file), global_(global), mistakes_(mistakes) {}

  void read() {
    read_folders();  // first: all that follows is resolved against them
    read_log();
    read_bus();
    file_.broker = settings_of("broker", broker_options());
    take(check_keys());
    read_egress();
    file_.gateways = read_parts("gateways");
    file_.adapters = read_parts("adapters");
    file_.subscriptions = read_configured_subscriptions(section_of(file_.root, "subscriptions"),
                                                        system_clock().now().wall, mistakes_);
  }

 private:
  void take(const Status& status) {
    if (!status) mistakes_.push_back(status.error());
  }

  [[nodiscard]] Settings settings_of(std::string_view section, std::span<const Option> table) {
    return read_settings(section_of(file_.root, section), table, {}, file_.data, mistakes_);
  }

  void read_folders() {
    const auto own = fs::path(file_.path).parent_path().string();
    const auto settings = read_settings(file_.root, top_options, top_sections, own, mistakes_);
    file_.data = settings.text("data");
    if (!global_.data.empty()) file_.data = fs::absolute(global_.data).lexically_normal();
    file_.plugins = settings.text("plugins");
    if (!global_.plugins.empty()) file_.plugins = fs::absolute(global_.plugins).lexically_normal();
    if (file_.plugins.empty()) file_.plugins = default_plugins();
  }

  void read_log() {
    const auto settings = settings_of("log", log_options);
    const auto* level = std::find(log_levels.begin(), log_levels.end(), settings.text("level"));
    file_.log_level = static_cast<log::Level>(level - log_levels.begin());
    file_.log_format = settings.text("format") == "json" ? log::Format::json : log::Format::text;
  }

  void read_bus() {
    const auto node = section_of(file_.root, "bus");
    auto settings = settings_of("bus", bus_options());
    for (const auto* key : {"service", "events", "publish"})
      set(settings, node, key, resolve_endpoints(file_.data, settings.text(key)));
    // What is a key is no path.
    const auto& broker_key = settings.text("broker-key");
    if (!broker_key.empty() && !valid_key(broker_key))
      set(settings, node, "broker-key", absolute_from(file_.data, broker_key));
    for (const auto* key : {"service", "events", "publish"})
      for (const auto& endpoint : endpoint_list(settings.text(key)))
        if (is_tcp(endpoint) && !has_port(endpoint))
          return take(section_of(node, key).refuse("bus." + std::string(key) + " is '" +
                                                   printable(endpoint) + "', but needs a port " +
                                                   "from 0 to 65535, as tcp://127.0.0.1:7001"));
    auto endpoints = bus_endpoints(settings);
    if (!endpoints) return take(refuse_about(node, endpoints.error()));
    file_.endpoints = std::move(*endpoints);
  }

  void set(Settings& settings, const YamlNode& node, const char* key, const std::string& value) {
    if (auto good = settings.set(key, value); !good)
      take(section_of(node, key).refuse(good.error().message));
  }

  // Neither a broker nor a client could use such an endpoint. Which of them reads the file is not
  // known here: each says for itself what is missing.
  [[nodiscard]] Status check_keys() const {
    const auto& keys = file_.endpoints.keys;
    const bool client = !keys.key_file.empty() && !keys.broker_key.empty();
    if (keys.plaintext_tcp || client || !file_.broker.text("key-file").empty()) return {};
    for (const auto* list :
         {&file_.endpoints.service, &file_.endpoints.events, &file_.endpoints.publish})
      for (const auto& endpoint : endpoint_list(*list))
        if (is_tcp(endpoint))
          return section_of(file_.root, "bus")
              .refuse("'" + printable(endpoint) +
                      "' needs keys: on the broker's machine run `sense keys new broker`, and set "
                      "broker.key-file and broker.access-file; on a client's run `sense keys new "
                      "NAME`, and set bus.key-file and bus.broker-key (docs/security.md); or set "
                      "bus.allow-plaintext-tcp to true if the network is yours");
    return {};
  }

  void read_egress() {
    const auto before = mistakes_.size();
    const auto settings = settings_of("egress", egress_options);
    auto policy = EgressPolicy::make(settings.list("allow"));
    if (policy)
      file_.egress = std::move(*policy);
    else if (mistakes_.size() == before)
      take(section_of(section_of(file_.root, "egress"), "allow").refuse(policy.error().message));
  }

  [[nodiscard]] std::vector<PartConfig> read_parts(const std::string& key) {
    const auto node = section_of(file_.root, key);
    std::vector<PartConfig> parts;
    if (node.kind != YamlNode::Kind::null && node.kind != YamlNode::Kind::mapping)
      take(node.refuse("'" + key + "' takes a mapping of names, such as  http: {}"));
    for (const auto& [name, value] : node.entries) {
      auto part = read_part(name, value);
      if (part)
        parts.push_back(std::move(*part));
      else
        take(tl::unexpected(part.error()));
    }
    return parts;
  }

  ConfigFile& file_;
  const Global& global_;
  Mistakes& mistakes_;
};

Status unusable_data(const ConfigFile& file, const std::error_code& error) {
  return fail(Code::system, "the data folder " + file.data + " cannot be used: " + error.message() +
                                "; set `data` in " + file.path +
                                " to a folder that this user may write");
}

}  // namespace

YamlNode section_of(const YamlNode& mapping, std::string_view key) {
  if (const auto* node = mapping.find(key); node != nullptr) return *node;
  YamlNode absent;
  absent.file = mapping.file;
  absent.line = mapping.line;
  absent.column = mapping.column;
  return absent;
}

tl::unexpected<Error> refuse_about(const YamlNode& mapping, const Error& error) {
  std::string_view words = error.message;
  for (const std::string_view before : {"bus.", "'"})
    if (words.starts_with(before)) words.remove_prefix(before.size());
  const auto key =
      words.substr(0, words.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"));
  const auto* node = mapping.find(key);
  return node != nullptr ? node->refuse(error.message) : mapping.refuse_key(error.message);
}

std::string config_path(const Global& global) {
  if (!global.config.empty()) return global.config;
  const char* from_environment = std::getenv("SENSE_CONFIG");
  if (from_environment != nullptr && *from_environment != '\0') return from_environment;
  return "/etc/sense/sense.yaml";
}

ConfigFile read_config(const Global& global, Mistakes& mistakes) {
  ConfigFile file;
  const auto path = config_path(global);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    mistakes.push_back({Code::notfound,
                        "there is no configuration file " + path +
                            ": name one with --config, or write one with `sense config describe`"});
    return file;
  }
  file.path = fs::absolute(path).lexically_normal().string();
  auto root = read_yaml_file(path);
  if (root) {
    file.root = std::move(*root);
    ConfigReader(file, global, mistakes).read();
  } else {
    mistakes.push_back(root.error());
  }
  return file;
}

Result<ConfigFile> load_config(const Global& global) {
  Mistakes mistakes;
  auto file = read_config(global, mistakes);
  if (!mistakes.empty()) return tl::unexpected(mistakes.front());
  return file;
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

Status make_data(const ConfigFile& file) {
  std::error_code error;
  const auto before = ::umask(S_IRWXO | S_IWGRP);
  fs::create_directories(file.data, error);
  ::umask(before);
  return error ? unusable_data(file, error) : Status();
}

Status enter_data(const ConfigFile& file) {
  if (auto good = make_data(file); !good) return good;
  std::error_code error;
  fs::current_path(file.data, error);
  return error ? unusable_data(file, error) : Status();
}

std::string default_plugins() {
  std::error_code error;
  const auto folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  const auto beside = folder / "plugins";
  if (fs::is_directory(beside, error)) return beside.string();
  return (folder / "../lib/sense/plugins").lexically_normal().string();
}

}  // namespace sense::cli

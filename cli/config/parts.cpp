// SPDX-License-Identifier: Apache-2.0
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

#include "broker/security/access_file.hpp"
#include "cli/config/config_file.hpp"
#include "core/base/text.hpp"

// What the file says of programs, held against the programs themselves.
namespace sense::cli {

namespace {

std::vector<std::string_view> keys_of(std::span<const Option> table) {
  std::vector<std::string_view> keys{"plugin"};
  for (const auto& option : table) {
    keys.emplace_back(option.key);
    if (option.old_key != nullptr) keys.emplace_back(option.old_key);
  }
  return keys;
}

// The keys of a mapping that a table does not have.
std::vector<std::string_view> others(const YamlNode& mapping, std::span<const Option> table) {
  std::vector<std::string_view> keys{"plugin"};
  const auto own = keys_of(table);
  for (const auto& [key, value] : mapping.entries)
    if (std::find(own.begin(), own.end(), key) == own.end()) keys.emplace_back(key);
  return keys;
}

// Where in the file, before what went wrong with the shared object.
Error plugin_error(const PartConfig& part, const Error& error) {
  return {error.code, part.node.refuse_key(error.message).value().message};
}

// A part's mapping holds keys of two tables. The first reader refuses what is in neither.
template <class Loaded, class Plugin, class Config>
std::optional<Loaded> load_part(const ConfigFile& file, const PartConfig& part,
                                std::span<const Option> host, Mistakes& mistakes,
                                const Config& config_of) {
  auto plugin = Plugin::load(file.plugins, part.plugin);
  if (!plugin) {
    mistakes.push_back(plugin_error(part, plugin.error()));
    return std::nullopt;
  }
  const auto before = mistakes.size();
  const auto table = plugin->descriptor().options;
  auto host_settings = read_settings(part.node, host, keys_of(table), file.data, mistakes);
  auto settings = read_settings(part.node, table, others(part.node, table), file.data, mistakes);
  if (mistakes.size() != before) return std::nullopt;
  return Loaded{std::move(*plugin), config_of(std::move(host_settings), std::move(settings))};
}

// A listener, as a descriptor's check() gives it, and where in the file it stands.
struct Listening {
  std::string protocol;  // "tcp"
  std::string host;
  std::string port;
  const YamlNode* place;
};

Listening listening(const std::string& text, const YamlNode& place) {
  const auto space = text.find(' ');
  const auto colon = text.rfind(':');
  if (space == std::string::npos || colon == std::string::npos || colon < space)
    return {"", text, "", &place};  // a path: equal texts are one address
  return {text.substr(0, space), text.substr(space + 1, colon - space - 1), text.substr(colon + 1),
          &place};
}

// Neither of two programs could begin, or one would take what is meant for the other. Port 0 is
// another port each time.
bool same_address(const Listening& left, const Listening& right) {
  if (left.protocol != right.protocol || left.port != right.port || left.port == "0") return false;
  const auto family = [](const Listening& one) { return one.host.starts_with('['); };
  const auto any = [](const Listening& one) { return one.host == "0.0.0.0" || one.host == "[::]"; };
  return left.host == right.host || (family(left) == family(right) && (any(left) || any(right)));
}

class ProgramCheck {
 public:
  ProgramCheck(const ConfigFile& file, Mistakes& mistakes) : file_(file), mistakes_(mistakes) {}

  void check() {
    check_data();
    check_files();
    listen_on_bus();
    listen_for_admin(file_.broker, section_of(file_.root, "broker"));
    for (const auto& part : file_.gateways) check_part(load_gateway(file_, part, mistakes_), part);
    for (const auto& part : file_.adapters) check_part(load_adapter(file_, part, mistakes_), part);
  }

 private:
  void add(const YamlNode& place, const std::string& why) {
    mistakes_.push_back(place.refuse(why).value());
  }

  // A folder that is not there is made at the start.
  void check_data() {
    const auto place = section_of(file_.root, "data");
    const auto& folder = file_.data;
    const bool there = ::access(folder.c_str(), F_OK) == 0;
    struct statvfs system {};
    if (auto good = check_folder(folder); !good)
      add(place, about_key("data", good.error().message));
    else if (there && ::statvfs(folder.c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0)
      add(place, "'data': " + printable(folder) + " is on a file system that can only be read");
    else if (there && ::access(folder.c_str(), W_OK | X_OK) != 0)
      add(place, "'data': " + printable(folder) + " cannot be written by this user (number " +
                     std::to_string(::geteuid()) + "); check as the user that runs SENSE");
  }

  // REQUIRES: the reader's error is about the file, or names it.
  template <class Reader>
  void check_file(const char* section, const char* key, const std::string& path, Reader read) {
    if (path.empty()) return;
    if (const auto good = read(path); !good)
      add(section_of(section_of(file_.root, section), key), about_key(key, good.error().message));
  }

  void check_files() {
    check_file("broker", "key-file", file_.broker.text("key-file"), read_key_file);
    check_file(
        "broker", "access-file", file_.broker.text("access-file"),
        [](const std::string& path) { return read_access_file(path, system_clock().now().wall); });
    const auto& keys = file_.endpoints.keys;
    check_file("bus", "key-file", keys.key_file, read_key_file);
    if (!valid_key(keys.broker_key))
      check_file("bus", "broker-key", keys.broker_key, read_public_key);
  }

  // In a client's file the same keys say where the broker is; a key pair of the broker tells them
  // apart.
  void listen_on_bus() {
    if (file_.broker.text("key-file").empty()) return;
    const auto& endpoints = file_.endpoints;
    for (const auto* list : {&endpoints.service, &endpoints.events, &endpoints.publish})
      for (const auto& endpoint : endpoint_list(*list))
        if (is_tcp(endpoint))
          listen(
              "tcp " + (endpoint[6] == '*' ? "0.0.0.0" + endpoint.substr(7) : endpoint.substr(6)),
              section_of(file_.root, "bus"));
  }

  void listen_for_admin(const Settings& settings, const YamlNode& section) {
    const auto& address = settings.text("admin-listen");
    if (!address.empty())
      listen("tcp " + address, section_of(section, "admin-listen"), "admin-listen");
  }

  template <class Loaded>
  void check_part(const std::optional<Loaded>& loaded, const PartConfig& part) {
    if (!loaded) return;
    listen_for_admin(loaded->config.host, part.node);
    if (loaded->plugin.descriptor().check == nullptr) return;
    const auto found = loaded->plugin.descriptor().check(loaded->config.plugin);
    if (!found) return mistakes_.push_back(refuse_about(part.node, found.error()).value());
    const auto* place = part.node.find("listen");
    for (const auto& address : *found) listen(address, place != nullptr ? *place : part.node);
  }

  void listen(const std::string& text, const YamlNode& place, const char* key = "listen") {
    places_.push_back(place);
    const auto added = listening(text, places_.back());
    for (const auto& other : listening_)
      if (same_address(added, other))
        return add(place,
                   about_key(key, printable(text) + " is taken by the listener of " +
                                      other.place->file + ":" + std::to_string(other.place->line)));
    listening_.push_back(added);
  }

  const ConfigFile& file_;
  Mistakes& mistakes_;
  std::deque<YamlNode> places_;
  std::vector<Listening> listening_;
};

}  // namespace

std::optional<LoadedGateway> load_gateway(const ConfigFile& file, const PartConfig& part,
                                          Mistakes& mistakes) {
  return load_part<LoadedGateway, GatewayPlugin>(
      file, part, gateway_host_options(), mistakes, [&](Settings host, Settings plugin) {
        std::vector<std::string> others;
        for (const auto& other : file.gateways)
          if (other.name != part.name) others.push_back(other.name);
        return GatewayConfig{
            part.name,        file.endpoints,    file.data + "/gateway-" + part.name,
            std::move(host),  std::move(plugin), file.egress,
            std::move(others)};
      });
}

std::optional<LoadedAdapter> load_adapter(const ConfigFile& file, const PartConfig& part,
                                          Mistakes& mistakes) {
  return load_part<LoadedAdapter, AdapterPlugin>(
      file, part, adapter_host_options(), mistakes, [&](Settings host, Settings plugin) {
        return AdapterConfig{part.name,       file.endpoints,
                             std::move(host), std::move(plugin),
                             file.egress,     file.data + "/adapter-" + part.name};
      });
}

void check_programs(const ConfigFile& file, Mistakes& mistakes) {
  ProgramCheck(file, mistakes).check();
}

}  // namespace sense::cli

#include "core/bus/endpoints.hpp"

#include <array>

#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::array<Option, 6> options = {{
    {"service", OptionType::text, "ipc:///run/sense/service",
     "Where the broker answers publishers and gateways (ipc://PATH or tcp://ADDRESS:PORT). Of "
     "several, separated by commas, the broker listens on all and a client uses the first.",
     1, 1024},
    {"events", OptionType::text, "ipc:///run/sense/events",
     "Where the broker sends events to those that subscribed to them.", 1, 1024},
    {"publish", OptionType::text, "ipc:///run/sense/publish",
     "Where plain ZeroMQ publishers connect; nothing that comes this way is acknowledged.", 1,
     1024},
    {"key-file", OptionType::text, "",
     "The own key pair, with which a client connects to tcp:// (`sense keys new`)."},
    {"broker-key", OptionType::text, "",
     "The broker's public key, which a client of tcp:// must know; or the path of a file with it."},
    {"allow-plaintext-tcp", OptionType::boolean, "false",
     "Lets tcp:// do without keys: everything then travels unencrypted, and anybody who reaches "
     "the port can publish."},
}};

// A path that a Unix socket cannot have is refused by ZeroMQ with "Invalid argument" only.
constexpr std::size_t ipc_path_length_max = 107;

Status check_ipc(const std::string& key, const std::string& endpoint) {
  const auto path = std::string_view(endpoint).substr(6);
  if (path.empty() || path.size() > ipc_path_length_max)
    return fail(Code::badparam, "bus." + key + " is '" + printable(endpoint) +
                                    "', but the path after ipc:// must have 1 to 107 octets");
  return {};
}

Status check_endpoint(const std::string& key, const std::string& endpoint) {
  if (endpoint.starts_with("ipc://")) return check_ipc(key, endpoint);
  if (!is_tcp(endpoint) || endpoint.size() == 6)
    return fail(Code::badparam, "bus." + key + " is '" + printable(endpoint) +
                                    "', but must begin with ipc:// or tcp://");
  return {};
}

// With a wildcard port the system gives each a port of its own.
bool same(const std::string& left, const std::string& right) {
  return left == right && !left.ends_with(":*") && !left.ends_with(":0");
}

}  // namespace

std::span<const Option> bus_options() { return options; }

Result<BusEndpoints> bus_endpoints(const Settings& settings) {
  std::vector<std::string> all;
  for (const auto* key : {"service", "events", "publish"}) {
    for (auto& endpoint : endpoint_list(settings.text(key))) {
      if (auto good = check_endpoint(key, endpoint); !good) return tl::unexpected(good.error());
      for (const auto& other : all)
        if (same(other, endpoint))
          return fail(Code::badparam,
                      "bus.service, bus.events and bus.publish must be three different endpoints, "
                      "but '" +
                          printable(endpoint) + "' stands there twice");
      all.push_back(std::move(endpoint));
    }
  }
  return BusEndpoints{settings.text("service"),
                      settings.text("events"),
                      settings.text("publish"),
                      {settings.text("key-file"), settings.text("broker-key"),
                       settings.boolean("allow-plaintext-tcp")}};
}

std::vector<std::string> endpoint_list(std::string_view endpoints) {
  std::vector<std::string> list;
  for (const auto endpoint : split(endpoints, ',')) list.emplace_back(trim(endpoint));
  return list;
}

std::string client_endpoint(std::string_view endpoints) { return endpoint_list(endpoints).front(); }

}  // namespace sense

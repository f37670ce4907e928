#include "core/bus/endpoints.hpp"

#include <array>

#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::array<Option, 4> options = {{
    {"service", OptionType::text, "ipc:///run/sense/service",
     "Where the broker answers publishers and gateways (ipc://PATH or tcp://ADDRESS:PORT).", 1,
     256},
    {"events", OptionType::text, "ipc:///run/sense/events",
     "Where the broker sends events to those that subscribed to them.", 1, 256},
    {"publish", OptionType::text, "ipc:///run/sense/publish",
     "Where plain ZeroMQ publishers connect; nothing that comes this way is acknowledged.", 1, 256},
    {"allow-plaintext-tcp", OptionType::boolean, "false",
     "Allows tcp:// endpoints, over which everything travels unencrypted and anybody who reaches "
     "the "
     "port can publish."},
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

Status check_endpoint(const Settings& settings, const std::string& key) {
  const auto& endpoint = settings.text(key);
  if (endpoint.starts_with("ipc://")) return check_ipc(key, endpoint);
  const std::string shown = "bus." + key + " is '" + printable(endpoint) + "'";
  if (!endpoint.starts_with("tcp://") || endpoint.size() == 6)
    return fail(Code::badparam, shown + ", but must begin with ipc:// or tcp://");
  if (!settings.boolean("allow-plaintext-tcp"))
    return fail(Code::badparam, shown +
                                    ", which is not encrypted: use ipc://, or set "
                                    "bus.allow-plaintext-tcp to true if the network is yours");
  return {};
}

// With a wildcard port the system gives each a port of its own.
bool same(const std::string& left, const std::string& right) {
  return left == right && !left.ends_with(":*") && !left.ends_with(":0");
}

}  // namespace

std::span<const Option> bus_options() { return options; }

Result<BusEndpoints> bus_endpoints(const Settings& settings) {
  for (const auto* key : {"service", "events", "publish"})
    if (auto good = check_endpoint(settings, key); !good) return tl::unexpected(good.error());
  BusEndpoints endpoints{settings.text("service"), settings.text("events"),
                         settings.text("publish")};
  if (same(endpoints.service, endpoints.events) || same(endpoints.service, endpoints.publish) ||
      same(endpoints.events, endpoints.publish))
    return fail(Code::badparam,
                "bus.service, bus.events and bus.publish must be three different endpoints");
  return endpoints;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "core/bus/endpoints.hpp"

#include <array>

#include "core/base/text.hpp"
#include "core/event/qname.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

constexpr std::array<Option, 12> endpoint_options = {{
    {"service", OptionType::text, "ipc:///run/sense/service",
     "Where the broker answers publishers and gateways (ipc://PATH or tcp://ADDRESS:PORT). Of "
     "several, separated by commas, the broker listens on all and a client uses the first.",
     1, 1024},
    {"events", OptionType::text, "ipc:///run/sense/events",
     "Where the broker sends events to those that subscribed to them.", 1, 1024},
    {"publish", OptionType::text, "ipc:///run/sense/publish",
     "Where plain ZeroMQ publishers connect; their events are not acknowledged.", 1, 1024},
    {"key-file", OptionType::path, "",
     "The client's key pair for connecting to tcp:// (`sense keys new`)."},
    {"broker-key", OptionType::text, "",
     "The broker's public key, which a client needs for tcp://, or the path of a file with it."},
    {"allow-plaintext-tcp", OptionType::boolean, "false",
     "Permits tcp:// without keys: messages are then unencrypted, and any peer that reaches the "
     "port can publish."},
    {"external", OptionType::text, "",
     "The XPUB endpoint of a foreign ZeroMQ proxy: its messages become events "
     "(docs/external-bus.md).",
     0, 256},
    {"external-publish", OptionType::text, "",
     "The XSUB endpoint of that proxy, to which events are given.", 0, 256},
    {"external-take", OptionType::text, "",
     "Prefixes of its topics, separated by commas, that become events; empty: all.", 0, 1024},
    {"external-give", OptionType::text, "",
     "Prefixes of its topics, separated by commas, that events of external-namespace become.", 0,
     1024},
    {"external-namespace", OptionType::text, "urn:sense:external",
     "The namespace of the types that its topics become.", 1, 512},
    {"external-may-send", OptionType::boolean, "true",
     "Whether that the broker opened the connection permits the proxy to send; false: only the "
     "entry 'external' of the access file does."},
}};

// ZeroMQ refuses a path that is too long for a Unix socket with "Invalid argument" only.
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

// A comma ends an endpoint before the next one and at the end of the text; any other is a part of a
// path.
bool ends_endpoint(std::string_view behind_comma) {
  const auto next = trim(behind_comma);
  return next.empty() || next.find("://") < next.find_first_of("/,");
}

std::vector<std::string> prefix_list(std::string_view prefixes) {
  std::vector<std::string> list;
  for (const auto prefix : split(prefixes, ',')) list.emplace_back(trim(prefix));
  return list;
}

// Equal endpoints with a wildcard port get different ports.
bool same(const std::string& left, const std::string& right) {
  return left == right && !left.ends_with(":*") && !left.ends_with(":0");
}

// A proxy returns given messages to all subscribers, also to the broker.
Status check_loop(const ExternalBus& external) {
  for (const auto& give : external.give)
    for (const auto& take : external.take)
      if (give.starts_with(take) || take.starts_with(give))
        return fail(Code::badparam,
                    "bus.external-take '" + printable(take) + "' and bus.external-give '" +
                        printable(give) +
                        "' overlap: events given to the proxy would be taken again, endlessly");
  return {};
}

Result<ExternalBus> external_bus(const Settings& settings) {
  ExternalBus external;
  external.events = settings.text("external");
  external.publish = settings.text("external-publish");
  external.take = prefix_list(settings.text("external-take"));
  external.give = prefix_list(settings.text("external-give"));
  std::erase(external.give, "");
  external.ns = settings.text("external-namespace");
  external.may_send = settings.boolean("external-may-send");
  for (const auto* key : {"external", "external-publish"})
    if (const auto& endpoint = settings.text(key); !endpoint.empty())
      if (auto good = check_endpoint(key, endpoint); !good) return tl::unexpected(good.error());
  if (external.publish.empty() != external.give.empty())
    return fail(Code::badparam,
                "bus.external-publish and bus.external-give belong together: where to, and what");
  if (!external.events.empty())
    if (auto good = check_loop(external); !good) return tl::unexpected(good.error());
  if (auto name = QName::make(external.ns, "topic"); !name)
    return fail(Code::badparam, "bus.external-namespace: " + name.error().message);
  if (external.ns == management_namespace || external.ns == gateway_namespace)
    return fail(Code::badparam, "bus.external-namespace: '" + external.ns +
                                    "' is of SENSE's own events: give the proxy another");
  return external;
}

}  // namespace

std::span<const Option> bus_options() { return endpoint_options; }

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
  auto external = external_bus(settings);
  if (!external) return tl::unexpected(external.error());
  return BusEndpoints{settings.text("service"),
                      settings.text("events"),
                      settings.text("publish"),
                      {settings.text("key-file"), settings.text("broker-key"),
                       settings.boolean("allow-plaintext-tcp")},
                      std::move(*external)};
}

std::vector<std::string> endpoint_list(std::string_view endpoints) {
  std::vector<std::string> list;
  std::size_t start = 0;
  for (auto comma = endpoints.find(','); comma != std::string_view::npos;
       comma = endpoints.find(',', comma + 1)) {
    if (!ends_endpoint(endpoints.substr(comma + 1))) continue;
    list.emplace_back(trim(endpoints.substr(start, comma - start)));
    start = comma + 1;
  }
  list.emplace_back(trim(endpoints.substr(start)));
  return list;
}

std::string client_endpoint(std::string_view endpoints) { return endpoint_list(endpoints).front(); }

}  // namespace sense

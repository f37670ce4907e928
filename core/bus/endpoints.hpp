// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bus/keys.hpp"
#include "core/config/settings.hpp"

// The endpoints of the bus as the configuration names them. Pure values.
namespace sense {

// A foreign ZeroMQ proxy that the broker connects to (docs/external-bus.md).
struct ExternalBus {
  std::string events;             // its XPUB; empty: there is none
  std::string publish;            // its XSUB; empty: no events are given to it
  std::vector<std::string> take;  // prefixes of its topics that become events; one may be empty
  std::vector<std::string> give;  // prefixes of its topics that SENSE events become
  std::string ns;                 // the namespace of the types
  // That the broker opened the connection is the permission to send; else the access file alone is.
  bool may_send = true;
};

// The three ZeroMQ endpoints of a broker, as a list (endpoint_list): the broker listens on all of
// it, a client connects to the first.
struct BusEndpoints {
  std::string service;  // ROUTER: publish with an answer, fetch, registry
  std::string events;   // XPUB: the live stream
  std::string publish;  // XSUB: plain ZeroMQ publishers, unacknowledged
  BusKeys keys = {};    // for tcp://
  ExternalBus external = {};
};

// Section `bus` of the configuration file.
[[nodiscard]] std::span<const Option> bus_options();
// Fails with badparam, naming the key: an endpoint is neither ipc:// with a path of 1 to 107 octets
// nor tcp://, or stands there twice.
[[nodiscard]] Result<BusEndpoints> bus_endpoints(const Settings& settings);

// The endpoints of a list, in its order, without spaces around them. A comma separates two only
// where a transport (`ipc://`) or nothing follows it: a path may contain commas.
[[nodiscard]] std::vector<std::string> endpoint_list(std::string_view endpoints);
// The one that a client connects to.
[[nodiscard]] std::string client_endpoint(std::string_view endpoints);
[[nodiscard]] inline bool is_tcp(std::string_view endpoint) {
  return endpoint.starts_with("tcp://");
}

}  // namespace sense

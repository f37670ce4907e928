#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bus/keys.hpp"
#include "core/config/settings.hpp"

namespace sense {

// The three ZeroMQ endpoints of a broker. Each may be several, separated by commas: the broker
// listens on all, a client connects to the first.
struct BusEndpoints {
  std::string service;  // ROUTER: publish with an answer, fetch, registry
  std::string events;   // XPUB: what is subscribed to
  std::string publish;  // XSUB: plain ZeroMQ publishers, unacknowledged
  BusKeys keys = {};    // for tcp://
};

// Section `bus` of the configuration file.
[[nodiscard]] std::span<const Option> bus_options();
// Fails when an endpoint is neither ipc:// nor tcp://.
[[nodiscard]] Result<BusEndpoints> bus_endpoints(const Settings& settings);

// The endpoints of a list, in its order.
[[nodiscard]] std::vector<std::string> endpoint_list(std::string_view endpoints);
// The one that a client connects to.
[[nodiscard]] std::string client_endpoint(std::string_view endpoints);
[[nodiscard]] inline bool is_tcp(std::string_view endpoint) {
  return endpoint.starts_with("tcp://");
}

}  // namespace sense

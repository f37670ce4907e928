#pragma once

#include <span>
#include <string>

#include "core/config/settings.hpp"

namespace sense {

// The three ZeroMQ endpoints of a broker, as clients connect to them.
struct BusEndpoints {
  std::string service;  // ROUTER: publish with an answer, fetch, registry
  std::string events;   // XPUB: what is subscribed to
  std::string publish;  // XSUB: plain ZeroMQ publishers, unacknowledged
};

// Section `bus` of the configuration file.
[[nodiscard]] std::span<const Option> bus_options();
// Fails when an endpoint is neither ipc:// nor tcp://, or is tcp:// without
// bus.allow-plaintext-tcp.
[[nodiscard]] Result<BusEndpoints> bus_endpoints(const Settings& settings);

}  // namespace sense

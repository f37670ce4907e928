// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/config/settings.hpp"
#include "core/egress/policy.hpp"

namespace boost::asio {
class io_context;
}

// The interface of an adapter plugin. An adapter turns input of another kind (SNMP traps, the lines
// of a file) into events: one folder, one shared object, one descriptor. adapters/lines is an
// example on one screen. The host calls an adapter on the reactor's thread only; an adapter never
// blocks that thread.
namespace sense {

// What an adapter gets from its host, instead of globals. Outlives the adapter.
struct AdapterContext {
  std::string name;  // of this adapter in the configuration
  const Clock& clock;
  Counters& counters;
  boost::asio::io_context& reactor;
  Publisher& publisher;        // any thread may publish; `done` is called on the reactor's thread
  const EgressPolicy& egress;  // where it may connect to
  // For what it keeps, of this adapter alone. An adapter that keeps something makes it.
  std::string folder;
};

// The plugin's object: made by `create` of the descriptor, owned and destroyed by the host. An
// exception that leaves one of its functions ends the process (of stop(): is logged), with a
// sentence that names the function.
class Adapter {
 public:
  virtual ~Adapter() = default;
  // Begins to receive. Called once; a failure ends the process.
  [[nodiscard]] virtual Status start() = 0;
  // Stops receiving. May be called again. Events that were published before are still acknowledged.
  virtual void stop() = 0;
  // Where it listens, for people: "udp:127.0.0.1:162". Default: nowhere.
  [[nodiscard]] virtual std::vector<std::string> listening() const { return {}; }
};

// Changes with every incompatible change of these headers.
inline constexpr const char* adapter_abi = "sense-adapter/4";

// The one thing that a plugin exports. Static data.
struct AdapterDescriptor {
  const char* abi;  // adapter_abi
  const char* name;
  const char* summary;
  std::span<const Option> options;
  // Makes the plugin's object; nothing listens before start(). A failure ends the process.
  Result<std::unique_ptr<Adapter>> (*create)(const Settings& options, AdapterContext& context);
  // As GatewayDescriptor::check (gateways/api/gateway.hpp).
  Result<std::vector<std::string>> (*check)(const Settings& options) = nullptr;
};

}  // namespace sense

// Stands once at the end of a plugin: SENSE_ADAPTER(descriptor).
#define SENSE_ADAPTER(descriptor)                                                   \
  extern "C" __attribute__((visibility("default"))) const sense::AdapterDescriptor* \
  sense_adapter_descriptor() {                                                      \
    return &(descriptor);                                                           \
  }

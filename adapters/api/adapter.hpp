// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/config/settings.hpp"

// What the author of an adapter reads. An adapter turns something foreign (SNMP traps, a pipeline's
// lines) into events: one folder, one shared object, one descriptor. Threads as in
// gateways/api/gateway.hpp: everything on the reactor's thread, which never blocks.
namespace sense {

// Given instead of globals. Outlives the adapter.
struct AdapterContext {
  std::string name;  // of this adapter in the configuration
  const Clock& clock;
  Counters& counters;
  boost::asio::io_context& reactor;
  Publisher& publisher;  // `done` comes on the reactor's thread
};

class Adapter {
 public:
  virtual ~Adapter() = default;
  // Starts to take in. Called once.
  [[nodiscard]] virtual Status start() = 0;
  // Stops taking in. What is published already is still answered.
  virtual void stop() = 0;
  // Where it listens, for people: "udp:127.0.0.1:162". Empty: nowhere.
  [[nodiscard]] virtual std::vector<std::string> listening() const = 0;
};

inline constexpr const char* adapter_abi = "sense-adapter/1";

struct AdapterDescriptor {
  const char* abi;  // adapter_abi
  const char* name;
  const char* summary;
  std::span<const Option> options;
  Result<std::unique_ptr<Adapter>> (*create)(const Settings& options, AdapterContext& context);
};

}  // namespace sense

#define SENSE_ADAPTER(descriptor)                                                   \
  extern "C" __attribute__((visibility("default"))) const sense::AdapterDescriptor* \
  sense_adapter_descriptor() {                                                      \
    return &(descriptor);                                                           \
  }

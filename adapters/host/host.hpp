// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "adapters/api/adapter.hpp"
#include "core/base/error.hpp"
#include "core/bus/endpoints.hpp"
#include "core/config/settings.hpp"
#include "core/egress/policy.hpp"
#include "core/plugin/plugin.hpp"

namespace sense {

// Keys that every adapter has, next to its plugin's own, in `adapters: NAME:`. Static data; any
// thread.
[[nodiscard]] std::span<const Option> adapter_host_options();

inline constexpr PluginKind adapter_kind = {"adapter", "an adapter", adapter_abi,
                                            "sense_adapter_descriptor",
                                            "SENSE_ADAPTER in adapters/api/adapter.hpp"};
// A loaded adapter plugin. A value.
using AdapterPlugin = Plugin<AdapterDescriptor, adapter_kind>;

// What one adapter process runs with. A value; checked when the configuration was read.
struct AdapterConfig {
  std::string name;  // in the configuration: 1 to 32 of a-z, 0-9 and '-'
  BusEndpoints endpoints;
  Settings host;    // of adapter_host_options()
  Settings plugin;  // of the descriptor's options
  EgressPolicy egress;
  std::string folder;  // for what the plugin keeps; need not be there
};

// One adapter process: bus and one plugin. start() and run() on one thread, which is the reactor's
// while run() blocks; stop() on any thread, also before run().
class AdapterHost {
 public:
  // Connects, and makes and starts the plugin's object. Fails with a sentence for the operator: an
  // endpoint is wrong, or the plugin refuses its options, cannot start or throws.
  [[nodiscard]] static Result<std::unique_ptr<AdapterHost>> start(AdapterConfig config,
                                                                  AdapterPlugin plugin);
  virtual ~AdapterHost() = default;
  // Blocks until stop(), or until an exception escapes the reactor, which is the error then. Either
  // way it awaits the broker's answers to what was published, for `stop-wait` at most.
  [[nodiscard]] virtual Status run() = 0;
  // Returns at once. May be called again.
  virtual void stop() = 0;
};

}  // namespace sense

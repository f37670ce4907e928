// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/bus/endpoints.hpp"
#include "core/config/settings.hpp"
#include "core/plugin/plugin.hpp"
#include "gateways/api/gateway.hpp"

namespace sense {

// Keys that every gateway has, next to its plugin's own, in `gateways: NAME:`. Static data; any
// thread.
[[nodiscard]] std::span<const Option> gateway_host_options();

inline constexpr PluginKind gateway_kind = {"gateway", "a gateway", gateway_abi,
                                            "sense_gateway_descriptor",
                                            "SENSE_GATEWAY in gateways/api/gateway.hpp"};
// A loaded gateway plugin. A value.
using GatewayPlugin = Plugin<GatewayDescriptor, gateway_kind>;

// What one gateway process runs with. A value; checked when the configuration was read.
struct GatewayConfig {
  std::string name;  // in the configuration: 1 to 32 of a-z, 0-9 and '-'
  BusEndpoints endpoints;
  std::string data;  // folder of the store; made when it does not exist
  Settings host;     // of gateway_host_options()
  Settings plugin;   // of the descriptor's options
  EgressPolicy egress;
  // The other gateways of the configuration: until they are known, or for three seconds, it opens
  // no listener, so that no subscription is refused because its gateway is still starting.
  std::vector<std::string> others;
  // Take over the lead although the store is no complete copy of the last leader's: what that one
  // delivered since is delivered again or not at all. For a leader that will not come back.
  bool take_over = false;
};

// One gateway process: bus, delivery engine and one plugin. start() and run() on one thread, which
// is the reactor's while run() blocks; stop() on any thread, also before run(). It owns the folder
// of its store, which is locked until it is destroyed.
class GatewayHost {
 public:
  // Opens the store, connects, and makes the plugin's object. Fails with a sentence for the
  // operator: the folder cannot be opened or is in use, an endpoint is wrong, or the plugin refuses
  // its options. Nothing is left running then.
  [[nodiscard]] static Result<std::unique_ptr<GatewayHost>> start(GatewayConfig config,
                                                                  GatewayPlugin plugin);
  virtual ~GatewayHost() = default;
  // Blocks until stop(), or until it fails: the plugin does not start, another gateway of its kind
  // has taken over, the store cannot be read. While the broker is not reachable it waits and logs
  // that. In either case what was delivered is stored, and the lease released, within a second.
  [[nodiscard]] virtual Status run() = 0;
  // Returns at once. May be called again.
  virtual void stop() = 0;
};

}  // namespace sense

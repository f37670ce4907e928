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

// Keys that every gateway has, next to its plugin's own, in `gateways: NAME:`.
[[nodiscard]] std::span<const Option> gateway_host_options();

inline constexpr PluginKind gateway_kind = {"gateway", "a gateway", gateway_abi,
                                            "sense_gateway_descriptor",
                                            "SENSE_GATEWAY in gateways/api/gateway.hpp"};
using GatewayPlugin = Plugin<GatewayDescriptor, gateway_kind>;

struct GatewayConfig {
  std::string name;  // in the configuration
  BusEndpoints endpoints;
  std::string data;  // folder of the store; made when it does not exist
  Settings host;     // of gateway_host_options()
  Settings plugin;   // of the descriptor's options
  EgressPolicy egress;
  // Take over the lead although the store is no complete copy of the last leader's: what that one
  // delivered since is delivered again or not at all. For a leader that will not come back.
  bool take_over = false;
};

// One gateway process: bus, delivery engine and one plugin. Any thread may call stop().
class GatewayHost {
 public:
  [[nodiscard]] static Result<std::unique_ptr<GatewayHost>> start(GatewayConfig config,
                                                                  GatewayPlugin plugin);
  virtual ~GatewayHost() = default;
  // Blocks until stop(). While the broker is not reachable it waits and logs that.
  [[nodiscard]] virtual Status run() = 0;
  virtual void stop() = 0;
};

}  // namespace sense

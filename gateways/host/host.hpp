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
  std::string data;  // folder of this gateway's own store; made when it is not there
  Settings host;     // of gateway_host_options()
  Settings plugin;   // of the descriptor's options
  EgressPolicy egress;
  // Lead although another one led last whose progress is not known here: what that one has
  // delivered since is delivered again, or not at all. For when it will not come back.
  bool take_over = false;
};

// One gateway process: bus, delivery engine and one plugin. Any thread may call stop().
class GatewayHost {
 public:
  [[nodiscard]] static Result<std::unique_ptr<GatewayHost>> start(GatewayConfig config,
                                                                  GatewayPlugin plugin);
  virtual ~GatewayHost() = default;
  // Blocks until stop(). Waits for the broker when it is not there, and says so.
  [[nodiscard]] virtual Status run() = 0;
  virtual void stop() = 0;
};

}  // namespace sense

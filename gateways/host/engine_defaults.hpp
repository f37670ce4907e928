// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/config/settings.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/host/engine/engine.hpp"

namespace sense {

// The delivery parameters where a subscription sets none: the plugin's schedule and the operator's
// gateway_host_options().
[[nodiscard]] inline Engine::Defaults engine_defaults(const GatewayDescriptor& descriptor,
                                                      const Settings& host) {
  Engine::Defaults defaults;
  for (const auto pause : descriptor.delivery.retry_seconds)
    defaults.pauses.push_back(std::chrono::seconds{pause});
  defaults.window = descriptor.delivery.window;
  defaults.suspend_after = static_cast<std::uint32_t>(host.integer("suspend-after"));
  defaults.suspend_over = host.duration("suspend-over");
  defaults.backlog_max = static_cast<std::size_t>(host.integer("backlog-max"));
  return defaults;
}

}  // namespace sense

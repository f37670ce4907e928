// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "adapters/api/adapter.hpp"
#include "core/base/error.hpp"
#include "core/bus/endpoints.hpp"
#include "core/config/settings.hpp"
#include "core/plugin/plugin.hpp"

namespace sense {

// Keys that every adapter has, next to its plugin's own, in `adapters: NAME:`.
[[nodiscard]] std::span<const Option> adapter_host_options();

inline constexpr PluginKind adapter_kind = {"adapter", "an adapter", adapter_abi,
                                            "sense_adapter_descriptor",
                                            "SENSE_ADAPTER in adapters/api/adapter.hpp"};
using AdapterPlugin = Plugin<AdapterDescriptor, adapter_kind>;

struct AdapterConfig {
  std::string name;
  BusEndpoints endpoints;
  Settings host;    // of adapter_host_options()
  Settings plugin;  // of the descriptor's options
};

// One adapter process: bus and one plugin. Any thread may call stop().
class AdapterHost {
 public:
  [[nodiscard]] static Result<std::unique_ptr<AdapterHost>> start(AdapterConfig config,
                                                                  AdapterPlugin plugin);
  virtual ~AdapterHost() = default;
  [[nodiscard]] virtual Status run() = 0;
  virtual void stop() = 0;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateways/api/gateway.hpp"

namespace sense::simulation {

// What the plugin of each gateway of the world passes everything on to; the world sets it.
class PluginCalls {
 public:
  virtual ~PluginCalls() = default;
  virtual void deliver(const std::string& gateway, std::shared_ptr<const Delivery> delivery,
                       AttemptDone done) = 0;
  virtual void verify(const std::string& gateway, const SubscriptionRef& subscription,
                      VerificationDone done) = 0;
};
inline PluginCalls* plugin_calls = nullptr;

// Two kinds of the same plugin: one tries again soon, and one is patient.
extern const GatewayDescriptor quick_plugin;
extern const GatewayDescriptor patient_plugin;

}  // namespace sense::simulation

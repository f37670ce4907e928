// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/plugin.hpp"

#include <array>

namespace sense::simulation {

namespace {

class SimulatedPlugin final : public Gateway {
 public:
  explicit SimulatedPlugin(std::string gateway) : gateway_(std::move(gateway)) {}
  void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) override {
    plugin_calls->deliver(gateway_, std::move(delivery), std::move(done));
  }
  void verify(SubscriptionRef subscription, std::string, VerificationDone done) override {
    plugin_calls->verify(gateway_, subscription, std::move(done));
  }

 private:
  const std::string gateway_;
};

Result<std::unique_ptr<Gateway>> make_plugin(const Settings&, GatewayContext& context) {
  return std::make_unique<SimulatedPlugin>(context.name);
}

constexpr std::array<Scheme, 1> plugin_schemes = {{{"test", {}}}};
constexpr std::array<std::uint32_t, 7> quick_seconds = {1, 2, 4, 8, 16, 32, 32};
constexpr std::array<std::uint32_t, 3> patient_seconds = {5, 60, 300};

}  // namespace

const GatewayDescriptor quick_plugin = {
    gateway_abi, "simulated", "Tries soon.", plugin_schemes, {}, {quick_seconds, 8}, make_plugin};
const GatewayDescriptor patient_plugin = {
    gateway_abi, "simulated", "Is patient.", plugin_schemes, {}, {patient_seconds, 4}, make_plugin};

}  // namespace sense::simulation

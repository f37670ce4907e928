// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/bus/endpoints.hpp"
#include "core/config/settings.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

// The broker's keys in the configuration file, section `broker`.
[[nodiscard]] std::span<const Option> broker_options();

// What the broker is started with; a value.
struct BrokerConfig {
  BusEndpoints endpoints;
  std::string data;                         // folder of the journal; created when absent
  Settings settings;                        // of broker_options()
  std::vector<Subscription> subscriptions;  // from the configuration file; owner "config"
};

// The broker process: numbers events, journals and routes them, and holds the registry. run() has
// the network loop on its own thread and starts the other two (ARCHITECTURE.md lists the threads);
// any thread may call stop() and endpoints().
class Broker {
 public:
  // Opens the journal and binds the endpoints. An error names the file or the endpoint.
  [[nodiscard]] static Result<std::unique_ptr<Broker>> start(BrokerConfig config);
  virtual ~Broker() = default;

  // Blocks until stop(), or until the journal fails for good (then with the reason: what was not
  // answered counts as not stored). Once.
  [[nodiscard]] virtual Status run() = 0;
  virtual void stop() = 0;
  // The endpoints as bound: as configured, with the ports that the system chose.
  [[nodiscard]] virtual BusEndpoints endpoints() const = 0;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
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

struct BrokerConfig {
  BusEndpoints endpoints;
  std::string data;                         // folder for the journal; made when it is not there
  Settings settings;                        // of broker_options()
  std::vector<Subscription> subscriptions;  // from the configuration file; owner "config"
};

// The daemon: sequences, journals, routes; holds the registry. Its threads are listed in
// ARCHITECTURE.md. Any thread may call stop().
class Broker {
 public:
  // Opens the journal and binds the endpoints. Fails with the file or endpoint in the sentence.
  [[nodiscard]] static Result<std::unique_ptr<Broker>> start(BrokerConfig config);
  virtual ~Broker() = default;

  // Blocks until stop(), or until the journal fails for good (then with the reason).
  [[nodiscard]] virtual Status run() = 0;
  virtual void stop() = 0;
  // Where it listens: as configured, but with ports that the system chose named.
  [[nodiscard]] virtual BusEndpoints endpoints() const = 0;
};

}  // namespace sense

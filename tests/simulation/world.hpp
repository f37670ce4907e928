// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/simulation/gateways.hpp"
#include "tests/simulation/traffic.hpp"

namespace sense::simulation {

// Gateways, a hundred callbacks and a broker in memory, in virtual time, driven by one seed: the
// parts, and the order in which they run.
class World {
 public:
  explicit World(std::uint64_t seed);

  // An hour of traffic with crashes, then quiet, then a last event for every subscription. The
  // first broken promise as text; empty when all held.
  [[nodiscard]] std::string run();
  // What happened, for the log.
  [[nodiscard]] std::string summary();

 private:
  void run_for(Duration span);
  // Until no delivery waits; a promise is broken when that takes too long.
  void run_dry();
  void heal();

  Context context_;
  Broker broker_{context_};
  Gateways gateways_;
  Traffic traffic_{context_, broker_};
};

}  // namespace sense::simulation

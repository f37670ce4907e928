// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/simulation/traffic.hpp"

namespace sense::simulation {

// An engine, a hundred callbacks, a journal and a store in memory, in virtual time, driven by one
// seed: the parts, and the order in which they run.
class World {
 public:
  explicit World(std::uint64_t seed);

  // Days of traffic with crashes, then quiet, then a last event for every subscription. The first
  // broken promise as text; empty when all held.
  [[nodiscard]] std::string run();
  // What happened, for the log.
  [[nodiscard]] std::string summary();

 private:
  // One thing that happens next; false when nothing does until then.
  bool step(MonoTime until);
  void run_until(MonoTime until);
  void heal();

  Context context_;
  Broker broker_{context_};
  Store store_;
  Checkpoints checkpoints_{context_, broker_, store_};
  Host host_;
  Redrives redrives_{context_, broker_, store_, checkpoints_, host_};
  Traffic traffic_{context_, broker_, redrives_};
};

}  // namespace sense::simulation

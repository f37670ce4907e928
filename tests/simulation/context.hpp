// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gateways/host/engine/engine.hpp"
#include "tests/simulation/agenda.hpp"
#include "tests/simulation/endpoint.hpp"

namespace sense::simulation {

// What happened in a world.
struct Totals {
  std::uint64_t events = 0, attempts = 0, deliveries = 0, dead_letters = 0, checkpoints = 0,
                lagged_checkpoints = 0, replayed = 0;
  std::uint64_t redrives = 0, redrives_lost = 0;
  std::uint64_t expired = 0, loaded = 0, digests = 0, suspensions = 0, superseded = 0;
};

// What all parts of one world share. The numbers that they draw from `random` are the only chance
// there is: the order of the draws decides what happens, so a seed repeats it.
struct Context {
  explicit Context(std::uint64_t seed);
  // Records a promise that is broken; the first one counts.
  void broken(const std::string& promise);
  [[nodiscard]] std::string summary(std::size_t subscriptions) const;

  Random random;
  const Engine::Defaults defaults;
  // Nearly everything is delivered at once: most checkpoints are lagged.
  const bool smooth;
  Agenda agenda;
  bool crashes_allowed = true;
  bool traffic_over = false;
  std::uint64_t life = 0;    // how often the host has crashed
  std::string first_broken;  // empty: all promises were kept so far
  Totals totals;
};

}  // namespace sense::simulation

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "gateways/host/engine/engine.hpp"
#include "tests/gateways/host/hub.hpp"
#include "tests/simulation/endpoint.hpp"

namespace sense::simulation {

// What happened in a world.
struct Totals {
  std::uint64_t events = 0, attempts = 0, deliveries = 0, dead_letters = 0, redrives = 0;
  std::uint64_t expired = 0, digests = 0, suspensions = 0, superseded = 0;
  std::uint64_t crashes = 0, power_cuts = 0, in_commit = 0, stops = 0, takeovers = 0, troubles = 0;
};

// What all parts of one world share. The numbers that they draw from `random` are the only chance
// there is: the order of the draws decides what happens, so a seed repeats it.
struct Context {
  explicit Context(std::uint64_t seed);
  // Records a promise that is broken; the first one counts.
  void broken(const std::string& promise);
  [[nodiscard]] std::string summary(std::size_t subscriptions) const;
  [[nodiscard]] Timestamp now() const { return hub.clock.now(); }

  // What happened, to a subscription or (empty) to a gateway: it is in the hash of the summary, so
  // that two runs of one seed can be compared. Writes a line when SENSE_SIMULATION_TRACE is the id
  // of that subscription.
  void trace(const std::string& subscription, const std::string& what);

  // The gateway crashed now, or begins again: what it had settled since then may be repeated.
  void forget(MonoTime since);
  // Whether what was settled then may be repeated.
  [[nodiscard]] bool is_forgotten(MonoTime settled) const;

  Random random;
  testing::Hub hub;
  const GatewayDescriptor& descriptor;
  Settings settings;  // of each gateway
  const Engine::Defaults defaults;
  // Nearly everything is delivered at once: most checkpoints are lagged.
  const bool smooth;
  const bool redrives;  // while there is traffic
  const bool standby;   // there is a second gateway
  bool crashes_allowed = false;
  bool traffic_over = false;
  std::uint64_t life = 0;    // how often a gateway has begun to serve
  MonoTime serves_since{};   // the one that leads
  std::string first_broken;  // empty: all promises were kept so far
  Totals totals;

 private:
  struct Span {
    MonoTime from, to;
  };
  std::vector<Span> forgotten_;
  std::uint64_t trace_ = 0;
};

}  // namespace sense::simulation

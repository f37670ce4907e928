// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "gateways/host/engine/engine.hpp"

namespace sense::simulation {

// What is on the host's disk, in memory. It survives each crash.
struct Store {
  struct StoredDeadLetter {
    std::string subscription;
    EventRef event;
  };

  std::uint64_t position = 0;  // in the journal
  std::map<std::string, Engine::SavedQueue> queues;
  std::map<std::pair<std::string, std::uint64_t>, Engine::SavedDelivery> deliveries;
  std::map<std::uint64_t, EventRef> events;                // by sequence
  std::map<std::uint64_t, StoredDeadLetter> dead_letters;  // by id
  std::uint64_t last_dead_letter = 0;

  void apply(const Engine::Checkpoint& delta);
  // Null: it is not here.
  [[nodiscard]] EventRef find_event(std::uint64_t sequence) const;
  void collect_garbage();
  void restore(Engine& engine, Timestamp now) const;
};

}  // namespace sense::simulation

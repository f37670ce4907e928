// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "tests/gateways/engine_fixture.hpp"

namespace sense::testing {

// An engine with a store in memory, to which checkpoints are applied.
struct StoredFixture : EngineFixture {
  std::map<std::string, Engine::SavedQueue> queues;
  std::map<std::pair<std::string, std::uint64_t>, Engine::SavedDelivery> deliveries;
  std::map<std::uint64_t, EventRef> events;

  // Takes a checkpoint and keeps it; the engine is not told yet.
  Engine::Checkpoint save(Engine::AsOf as_of = Engine::AsOf::now) {
    auto checkpoint = engine.take_checkpoint(clock.now(), as_of);
    for (const auto& id : checkpoint.queues_removed) queues.erase(id);
    for (const auto& queue : checkpoint.queues)
      queues.insert_or_assign(queue.subscription->id, queue);
    for (const auto& key : checkpoint.deliveries_removed)
      BOOST_CHECK_EQUAL(deliveries.erase(key), 1U);
    for (const auto& [key, saved] : checkpoint.deliveries) {
      deliveries.insert_or_assign({saved.subscription, key}, saved);
      if (saved.event) events.emplace(saved.sequence, saved.event);
    }
    if (as_of == Engine::AsOf::now) BOOST_CHECK_EQUAL(engine.unsaved(), 0U);
    return checkpoint;
  }
  void store() {
    save();
    checkpoint_wanted = false;
    engine.stored(clock.now());
    take();
  }
  // The host is killed and comes back.
  void crash() {
    out.clear();
    checkpoint_wanted = false;
    engine = Engine(defaults, 43);
    for (const auto& [id, queue] : queues) engine.restore(queue);
    for (const auto& [key, saved] : deliveries) engine.restore(key.second, saved, clock.now());
    engine.restored(clock.now());
    take();
  }
};

}  // namespace sense::testing

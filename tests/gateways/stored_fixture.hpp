// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "tests/gateways/engine_fixture.hpp"

namespace sense::testing {

// An engine with a store in memory: what a chain of checkpoints amounts to.
struct StoredBench : EngineBench {
  std::map<std::string, Engine::SavedLane> lanes;
  std::map<std::pair<std::string, std::uint64_t>, Engine::SavedItem> items;
  std::map<std::uint64_t, EventRef> events;

  // Takes a checkpoint and keeps it; the engine is not told yet.
  Engine::Checkpoint save(Engine::AsOf as_of = Engine::AsOf::now) {
    auto checkpoint = engine.take_checkpoint(clock.now(), as_of);
    for (const auto& id : checkpoint.lanes_removed) lanes.erase(id);
    for (const auto& lane : checkpoint.lanes) lanes.insert_or_assign(lane.subscription->id, lane);
    for (const auto& key : checkpoint.items_removed) BOOST_CHECK_EQUAL(items.erase(key), 1U);
    for (const auto& [key, item] : checkpoint.items) {
      items.insert_or_assign({item.subscription, key}, item);
      if (item.event) events.emplace(item.sequence, item.event);
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
    for (const auto& [id, lane] : lanes) engine.restore(lane);
    for (const auto& [key, item] : items) engine.restore(key.second, item, clock.now());
    engine.restored(clock.now());
    take();
  }
};

}  // namespace sense::testing

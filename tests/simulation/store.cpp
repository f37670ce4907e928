// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/store.hpp"

#include <set>

namespace sense::simulation {

void Store::apply(const Engine::Checkpoint& delta) {
  for (const auto& id : delta.queues_removed) queues.erase(id);
  for (const auto& queue : delta.queues) queues.insert_or_assign(queue.subscription->id, queue);
  for (const auto& key : delta.deliveries_removed) deliveries.erase(key);
  for (const auto& [key, saved] : delta.deliveries) {
    deliveries.insert_or_assign({saved.subscription, key}, saved);
    if (saved.event) events.emplace(saved.sequence, saved.event);
  }
}

EventRef Store::find_event(std::uint64_t sequence) const {
  const auto found = events.find(sequence);
  return found == events.end() ? nullptr : found->second;
}

void Store::collect_garbage() {
  std::set<std::uint64_t> needed;
  for (const auto& [key, saved] : deliveries) needed.insert(saved.sequence);
  std::erase_if(events, [&](const auto& entry) { return !needed.contains(entry.first); });
}

void Store::restore(Engine& engine, Timestamp now) const {
  for (const auto& [id, queue] : queues) engine.restore(queue);
  for (const auto& [key, saved] : deliveries) engine.restore(key.second, saved, now);
}

}  // namespace sense::simulation

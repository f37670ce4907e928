// The part of the engine that survives a crash.
#include <algorithm>

#include "core/base/check.hpp"
#include "gateways/host/engine.hpp"

namespace sense {

Engine::Checkpoint Engine::take_checkpoint(Now now) {
  Checkpoint checkpoint;
  checkpoint.lanes_removed.assign(removed_lanes_.begin(), removed_lanes_.end());
  checkpoint.items_removed.assign(removed_items_.begin(), removed_items_.end());
  for (const auto& id : dirty_lanes_) {
    auto& lane = lanes_.find(id)->second;
    checkpoint.lanes.push_back({lane.subscription, lane.next_number, lane.ending});
    lane.saved = true;
    lane.dirty = false;
  }
  for (const auto& [id, key] : dirty_items_) {
    auto& item = lanes_.find(id)->second.items.at(key);
    const auto left = std::max(Duration{0}, item.due - now.mono);
    checkpoint.items.push_back(
        {key,
         {id, item.kind, item.number, item.number_last, item.sequence, item.attempts,
          now.wall + (item.attempts == 0 ? Duration{0} : left), item.expires, item.reason,
          item.saved ? nullptr : item.event}});
    if (item.event && !item.saved) --unsaved_;
    item.saved = true;
    item.dirty = false;
    if (item.event) releasable_.emplace_back(id, key);
  }
  removed_lanes_.clear();
  removed_items_.clear();
  dirty_lanes_.clear();
  dirty_items_.clear();
  return checkpoint;
}

void Engine::release() {
  // What is stored need not stay in memory; an attempt that comes loads it again. A subscriber that
  // keeps up is done before the checkpoint comes.
  for (const auto& [id, key] : std::exchange(releasable_, {})) {
    const auto lane = lanes_.find(id);
    if (lane == lanes_.end()) continue;
    const auto item = lane->second.items.find(key);
    if (item != lane->second.items.end() && item->second.saved) item->second.event = nullptr;
  }
}

void Engine::restore(SavedLane saved) {
  const auto id = saved.subscription->id;
  auto& lane = lanes_[id];
  lane.next_number = saved.next_number;
  lane.ending = saved.ending;
  lane.saved = true;
  if (!lane.ending) {
    index_.add(*saved.subscription);
    ++callbacks_[saved.subscription->callback];
  }
  lane.subscription = std::move(saved.subscription);
}

void Engine::restore(std::uint64_t key, SavedItem saved, Now now) {
  const auto found = lanes_.find(saved.subscription);
  if (found == lanes_.end()) return;
  auto& lane = found->second;
  Item item;
  item.kind = saved.kind;
  item.number = saved.number;
  item.number_last = saved.number_last;
  item.sequence = saved.sequence;
  item.attempts = saved.attempts;
  item.due = now.mono + std::clamp(Duration{saved.due - now.wall}, Duration{0}, pause_max);
  item.expires = saved.expires;
  item.reason = std::move(saved.reason);
  item.saved = true;
  if (item.attempts == 0)
    lane.fresh.push_back(key);
  else
    lane.retries.emplace(item.due, key);
  lane.items.emplace(key, std::move(item));
  lane.next_key = std::max(lane.next_key, key + 1);
  ++waiting_;
}

void Engine::restored(Now now) {
  std::vector<std::string> ids;
  for (auto& [id, lane] : lanes_) {
    std::sort(lane.fresh.begin(), lane.fresh.end());
    ids.push_back(id);
  }
  for (const auto& id : ids) pump(id, lanes_.find(id)->second, now);
}

}  // namespace sense

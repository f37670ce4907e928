// SPDX-License-Identifier: Apache-2.0
// The part of the engine that survives a crash.
#include <algorithm>

#include "gateways/host/engine/engine.hpp"

namespace sense {

namespace {

// How long ago something may have begun that still goes on: the longest interval there is.
constexpr Duration past_max = std::chrono::days{31};

}  // namespace

Engine::SavedItem Engine::saved_form(const Lane& lane, const Item& item, Timestamp now) const {
  SavedItem saved;
  saved.subscription = lane.subscription->id;
  saved.kind = item.kind;
  saved.number = item.number;
  saved.number_last = item.number_last;
  saved.sequence = item.sequence;
  saved.attempts = item.attempts;
  saved.due = now.wall;
  if (item.stage == Stage::collecting) saved.due = now.wall - (now.mono - item.due);
  if (item.attempts > 0) {
    saved.due = now.wall + std::max(Duration{0}, item.due - now.mono);
    saved.first = now.wall - (now.mono - item.first);
  }
  if (item.expires != WallTime::max()) saved.expires = item.expires;
  saved.reason = item.more->reason;
  if (!item.event_saved) saved.event = item.event;
  saved.group = item.group;
  saved.window = item.window;
  saved.octets = item.octets;
  saved.not_before = item.not_before;
  return saved;
}

std::vector<Engine::SavedLane> Engine::save_lanes(AsOf as_of) {
  std::vector<SavedLane> saved;
  std::vector<std::uint32_t> later;
  for (const auto handle : std::exchange(dirty_lanes_, {})) {
    auto* lane = lanes_.find(handle);
    if (lane == nullptr || !std::exchange(lane->dirty, false)) continue;
    auto number = lane->next_number;
    if (as_of == AsOf::checkpoint_before && lane->round == round_) {
      number = lane->number_before;
      later.push_back(handle);
      if (lane->clean_before) continue;
    }
    const bool only_number = !std::exchange(lane->changed, false) && lane->saved;
    saved.push_back(
        {lane->subscription, number, lane->ending, lane->windows, lane->suspension, only_number});
    lane->saved = true;
  }
  for (const auto handle : later) list(lanes_.at(handle));
  return saved;
}

Engine::Checkpoint Engine::take_checkpoint(Timestamp now, AsOf as_of) {
  SENSE_CHECK(as_of == AsOf::now || may_look_back());
  Checkpoint checkpoint;
  checkpoint.lanes_removed.assign(removed_lanes_.begin(), removed_lanes_.end());
  checkpoint.items_removed = std::exchange(removed_items_, {});
  removed_lanes_.clear();
  checkpoint.lanes = save_lanes(as_of);
  std::vector<Place> later;
  for (const auto& [handle, key] : std::exchange(dirty_items_, {})) {
    auto* lane = lanes_.find(handle);
    if (lane == nullptr || !lane->work) continue;
    const auto found = lane->work->items.find(key);
    if (found == lane->work->items.end()) continue;
    auto& item = found->second;
    if (!std::exchange(item.dirty, false)) continue;
    if (as_of == AsOf::checkpoint_before && item.sequence > seen_before_) {
      later.emplace_back(handle, key);
      continue;
    }
    checkpoint.items.emplace_back(key, saved_form(*lane, item, now));
    if (item.event && !item.event_saved) --unsaved_;
    item.saved = true;
    if (!item.event) continue;
    item.event_saved = true;
    releasable_.emplace_back(handle, key);
  }
  for (const auto& [handle, key] : later)
    touch(lanes_.at(handle), key, lanes_.at(handle).work->item(key));
  ++round_;
  seen_before_ = seen_;
  more_happened_ = false;
  return checkpoint;
}

void Engine::stored(Timestamp now) {
  const auto find = [this](const Place& place) -> Item* {
    auto* lane = lanes_.find(place.first);
    if (lane == nullptr || !lane->work) return nullptr;
    const auto item = lane->work->items.find(place.second);
    return item == lane->work->items.end() ? nullptr : &item->second;
  };
  // What is stored need not stay in memory; an attempt that comes loads it again. A subscriber that
  // keeps up is done before the checkpoint comes.
  for (const auto& place : std::exchange(releasable_, {}))
    if (auto* item = find(place); item != nullptr && item->event_saved) item->event = nullptr;
  std::vector<Place> fixed;
  std::erase_if(unfixed_, [&](const Place& place) {
    const auto* item = find(place);
    const bool there = item != nullptr && item->stage == Stage::unfixed;
    if (there && item->dirty) return false;  // closed behind the checkpoint
    if (there) fixed.push_back(place);
    return true;
  });
  for (const auto& [handle, key] : fixed) {
    auto& lane = lanes_.at(handle);
    auto& item = lane.work->item(key);
    if (item.stage != Stage::unfixed) continue;
    item.stage = Stage::fresh;
    lane.work->fresh.push(key);
    pump(lane, now);
  }
  go_on_stored(now);
}

void Engine::go_on_stored(Timestamp now) {
  std::vector<std::uint32_t> stored;
  std::erase_if(unstored_lanes_, [&](const std::uint32_t handle) {
    auto* lane = lanes_.find(handle);
    if (lane == nullptr || !lane->work || !lane->work->unstored) return true;
    if (lane->work->unstored_since == round_) return false;  // redriven behind the checkpoint
    lane->work->unstored = false;
    stored.push_back(handle);
    return true;
  });
  for (const auto handle : stored) pump(lanes_.at(handle), now);
}

void Engine::restore(SavedLane saved) {
  auto& lane = lanes_.add(std::move(saved.subscription));
  lane.next_number = saved.next_number;
  lane.ending = saved.ending;
  lane.windows = saved.windows;
  lane.suspension = saved.suspension;
  lane.saved = true;
  if (!lane.ending) start_matching(lane);
}

void Engine::restore(Key key, SavedItem saved, Timestamp now) {
  auto* lane = lanes_.find(saved.subscription);
  if (lane == nullptr) return;
  Item item;
  item.kind = saved.kind;
  item.number = saved.number;
  item.number_last = saved.number_last;
  item.sequence = saved.sequence;
  item.attempts = saved.attempts;
  item.due = now.mono + std::clamp(Duration{saved.due - now.wall}, -past_max, pause_max);
  item.first = now.mono + std::clamp(Duration{saved.first - now.wall}, -past_max, Duration{0});
  if (saved.expires) item.expires = *saved.expires;
  if (!saved.reason.empty()) item.more.edit().reason = std::move(saved.reason);
  item.group = saved.group;
  item.window = saved.window;
  item.octets = saved.octets;
  item.not_before = saved.not_before;
  item.saved = item.event_saved = true;
  auto& work = this->work(*lane);
  work.next_key = std::max(work.next_key, key + 1);
  work.items.emplace(key, std::move(item));
  ++waiting_;
}

void Engine::restored(Timestamp now) {
  restored_ = now.mono;
  lanes_.for_each([&](Lane& lane) {
    const auto state = lane.subscription->state;
    if (lane.work) arrange(lane, now);
    if (lane.suspension == Lane::Suspension::suspended) suspend(lane, now);
    // What was asked of the registry may not have got there.
    if (lane.suspension == Lane::Suspension::suspended && state == SubscriptionState::active)
      actions_.suspensions.push_back({lane.subscription->id, true, "callback failing"});
    if (lane.suspension == Lane::Suspension::resumed && state == SubscriptionState::suspended)
      actions_.suspensions.push_back({lane.subscription->id, false, {}});
    pump(lane, now);
  });
}

// Puts each item where it stood, as far as its saved form says.
void Engine::arrange(Lane& lane, Timestamp now) {
  auto items = std::exchange(lane.work->items, {});
  lane.work.reset();
  auto& work = this->work(lane);  // whose first attempts wait for rate and interval
  work.items = std::move(items);
  work.events = static_cast<std::size_t>(
      std::count_if(work.items.begin(), work.items.end(),
                    [](const auto& each) { return each.second.kind == Delivery::Kind::event; }));
  std::map<std::uint64_t, Key> digests;  // by window
  std::vector<Key> keys;
  for (const auto& [key, item] : work.items) {
    keys.push_back(key);
    if (item.kind != Delivery::Kind::digest) continue;
    digests.emplace(item.window, key);
    lane.windows = std::max(lane.windows, item.window);
  }
  work.next_key = keys.empty() ? 1 : keys.back() + 1;
  for (const auto key : keys) {
    auto& item = work.item(key);
    const auto digest = digests.find(item.window);
    if (item.kind == Delivery::Kind::event && item.window != 0 && digest != digests.end()) {
      item.stage = Stage::enclosed;
      work.item(digest->second).more.edit().members.push_back(key);
    } else if (item.kind == Delivery::Kind::event && item.window > lane.windows) {
      rejoin_window(lane, key, item, now);
    }
  }
  for (const auto& [window, key] : digests) {
    if (work.item(key).more->members.empty())
      remove_item(lane, key, now);  // no checkpoint of ours says so; a damaged one may
    else
      tell_numbers(lane, work.item(key));
  }
  // Only now: what was held may join the window, and close it.
  for (const auto key : keys) {
    const auto found = work.items.find(key);  // a newer one may have taken its place
    if (found != work.items.end() && found->second.stage == Stage::fresh)
      arrange_item(lane, key, found->second, now);
  }
}

void Engine::arrange_item(Lane& lane, Key key, Item& item, Timestamp now) {
  auto& work = *lane.work;
  if (item.window != 0) {
    item.whole_window = true;
    ++work.windows_pending;
  }
  if (lane.subscription->delivery.ordered() && item.group != 0) {
    item.ordered = true;
    const auto place = work.order.emplace(item.group, key).first;
    if (place != work.order.begin() && std::prev(place)->first == item.group) {
      item.stage = Stage::blocked;
      return;
    }
  }
  if (item.attempts == 0) return schedule(lane, key, item, now);
  item.stage = Stage::retrying;
  work.retries.emplace(item.due, key);
}

void Engine::rejoin_window(Lane& lane, Key key, Item& item, Timestamp now) {
  auto& open = lane.work->open;
  if (!open) {
    open = std::make_unique<OpenWindow>();
    open->opened = MonoTime::max();
  }
  item.stage = Stage::collecting;
  item.due = std::min(item.due, now.mono);
  open->add(key, item.group);
  open->octets += item.octets;
  if (item.due >= open->opened) return;
  open->opened = item.due;
  open->opened_wall = now.wall - (now.mono - item.due);
}

}  // namespace sense

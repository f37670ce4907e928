// SPDX-License-Identifier: Apache-2.0
// The engine's subscriptions: come, change, end.
#include "gateways/host/engine/engine.hpp"

#include <algorithm>

namespace sense {

namespace {

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

}  // namespace

Engine::Engine(Defaults defaults, std::uint64_t seed)
    : defaults_(std::move(defaults)), random_(seed) {}

Engine::Actions Engine::take_actions() {
  // What was to be attempted before the end that came meanwhile is not to be attempted any more.
  if (std::exchange(withdrawn_, false))
    std::erase_if(actions_.deliver,
                  [this](const auto& deliver) { return tickets_.find(deliver.ticket) == nullptr; });
  return std::exchange(actions_, {});
}

SubscriptionRef Engine::find(std::string_view id) const {
  const auto* lane = lanes_.find(id);
  return lane == nullptr || lane->ending ? nullptr : lane->subscription;
}

std::size_t Engine::count_for(std::string_view callback) const {
  const auto found = callbacks_.find(hash_of(callback));
  return found == callbacks_.end() ? 0 : found->second;
}

std::size_t Engine::waiting_for(std::string_view id) const {
  const auto* lane = lanes_.find(id);
  return lane == nullptr || !lane->work ? 0 : lane->work->events;
}

std::vector<SubscriptionRef> Engine::subscriptions() const {
  std::vector<SubscriptionRef> all;
  lanes_.for_each([&](const Lane& lane) {
    if (!lane.ending) all.push_back(lane.subscription);
  });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  return all;
}

void Engine::put(SubscriptionRef subscription, Timestamp now) {
  auto* lane = lanes_.find(subscription->id);
  if (lane == nullptr) {
    lane = &lanes_.add(std::move(subscription));
  } else if (lane->ending) {
    // Made again under its old id, as those of the configuration file are.
    drop_items(*lane, now);
    lane->subscription = std::move(subscription);
    lane->ending = lane->gone = false;
    lane->next_number = 1;
    lane->windows = 0;
  } else {
    stop_matching(*lane);
    const auto before = std::exchange(lane->subscription, std::move(subscription));
    follow_state(*lane, before->state, now);
    // What was collected under other rules is delivered as it is.
    if (lane->work && lane->work->open && !lane->subscription->delivery.collects())
      close_window(*lane, now);
  }
  start_matching(*lane);
  mark(*lane);
  pump(*lane, now);
}

// The registry says what the owner wants, and repeats after us what we think of the callback.
void Engine::follow_state(Lane& lane, SubscriptionState before, Timestamp now) {
  const auto state = lane.subscription->state;
  if (state == before) return;
  if (state == SubscriptionState::active) {
    // Ours to resume, or somebody's who knows better than our probes.
    lane.suspension = Lane::Suspension::none;
    if (lane.work) lane.work->failures = 0;
  } else if (state == SubscriptionState::suspended && lane.suspension == Lane::Suspension::none) {
    suspend(lane, now);
  }
}

void Engine::end(const std::string& id, std::string reason, bool tell, Timestamp now) {
  auto* lane = lanes_.find(id);
  if (lane == nullptr || lane->ending) return;
  stop_matching(*lane);
  drop_items(*lane, now);
  lane->ending = true;
  lane->suspension = Lane::Suspension::none;
  // A callback that never said yes is told nothing, nor is one that is no more.
  if (!tell || lane->gone || lane->subscription->state == SubscriptionState::pending)
    return drop_lane(*lane);
  Item item;
  item.kind = Delivery::Kind::ended;
  item.more.edit().reason = std::move(reason);
  const auto key = add_item(*lane, std::move(item));
  mark(*lane);
  lane->work->fresh.push(key);
  pump(*lane, now);
}

void Engine::start_matching(const Lane& lane) {
  index_.add(lane.handle, *lane.subscription);
  ++callbacks_[hash_of(lane.subscription->callback)];
}

void Engine::stop_matching(const Lane& lane) {
  index_.remove(lane.handle, *lane.subscription);
  const auto callback = callbacks_.find(hash_of(lane.subscription->callback));
  if (--callback->second == 0) callbacks_.erase(callback);
}

void Engine::drop_items(Lane& lane, Timestamp now) {
  if (!lane.work) return;
  auto& work = *lane.work;
  work.order.clear();  // nobody moves up
  while (!work.items.empty()) {
    const auto key = work.items.begin()->first;
    auto& item = work.items.begin()->second;
    item.ordered = false;
    if (item.kind == Delivery::Kind::event) ++totals_.dropped;
    if (tickets_.close(item.ticket)) withdrawn_ = true;
    remove_item(lane, key, now);
  }
  if (work.timer != MonoTime{}) timers_.erase({work.timer, lane.handle});
  count_flowing(lane, 0);
  lane.work.reset();
}

void Engine::drop_lane(Lane& lane) {
  const auto id = lane.subscription->id;
  if (lane.work && lane.work->timer != MonoTime{}) timers_.erase({lane.work->timer, lane.handle});
  if (lane.work) count_flowing(lane, 0);
  if (lane.saved) removed_lanes_.insert(id);
  more_happened_ = true;
  lanes_.remove(lane);
  actions_.forget.push_back(id);
}

void Engine::mark(Lane& lane) {
  lane.changed = more_happened_ = true;
  list(lane);
}

void Engine::list(Lane& lane) {
  if (std::exchange(lane.dirty, true)) return;
  dirty_lanes_.push_back(lane.handle);
}

std::uint64_t Engine::give_number(Lane& lane) {
  if (std::exchange(lane.round, round_) != round_) {
    lane.number_before = lane.next_number;
    lane.clean_before = !lane.dirty;
  }
  list(lane);
  return lane.next_number++;
}

Work& Engine::work(Lane& lane) const {
  if (lane.work) return *lane.work;
  lane.work = std::make_unique<Work>();
  // The last attempt before a restart may have been made just now.
  const auto& rare = *lane.subscription->delivery.rare;
  if (restored_ && rare.rate)
    lane.work->next_attempt = *restored_ + Duration{std::chrono::seconds{1}} / *rare.rate;
  if (restored_ && rare.min_interval && lane.windows > 0)
    lane.work->next_window = *restored_ + *rare.min_interval;
  return *lane.work;
}

}  // namespace sense

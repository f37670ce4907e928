// SPDX-License-Identifier: Apache-2.0
// How events become deliveries that wait.
#include <algorithm>

#include "core/base/hash.hpp"
#include "core/subscription/test_event.hpp"
#include "gateways/host/engine/engine.hpp"

namespace sense {

namespace {

std::uint64_t group_of(const Event& event) {
  return stable_hash(event.source) | 1U;  // never 0: that is no group
}

WallTime occurrence(const Event& event, Timestamp now) {
  return event.time.value_or(event.observedtime.value_or(now.wall));
}

}  // namespace

void Engine::find_candidates(const Event& event) {
  if (!is_test(event.type)) return index_.candidates(event.type, event.source, candidates_);
  // For one subscription, whatever it asks for.
  candidates_.clear();
  const auto* lane = lanes_.find(event.subject);
  if (lane != nullptr && !lane->ending) candidates_.push_back(lane->handle);
}

void Engine::on_event(const EventRef& event, Timestamp now) {
  seen_ = event->sequence;
  if (event->type.ns() == gateway_namespace) return;
  find_candidates(*event);
  for (const auto handle : candidates_) {
    auto& lane = lanes_.at(handle);
    const auto& subscription = *lane.subscription;
    // A paused or suspended subscription keeps what it is owed; a pending one is owed nothing.
    if (subscription.state == SubscriptionState::pending || !matches(subscription, *event))
      continue;
    ++totals_.matched;
    take(lane, event, now);
    pump(lane, now);
  }
}

Status Engine::redrive(const std::string& id, const EventRef& event, Timestamp now) {
  auto* lane = lanes_.find(id);
  if (lane == nullptr || lane->ending || lane->gone ||
      lane->subscription->state == SubscriptionState::pending)
    return fail(Code::notfound, "subscription " + id + " is not served here any more");
  const auto& expiry = lane->subscription->delivery.expiry;
  if ((event->expirytime && *event->expirytime <= now.wall) ||
      (expiry && occurrence(*event, now) + *expiry <= now.wall))
    return fail(Code::badparam, "the event has expired: it is never delivered");
  if (!owner_may_see(*lane->subscription, *event))
    return fail(Code::noaccess, "the event's audience leaves out the owner of the subscription");
  if (lane->work && lane->work->events >= std::max<std::size_t>(1, defaults_.backlog_max / 2))
    return fail(Code::nomoreroom, "subscription " + id + " has too many deliveries that wait");
  take(*lane, event, now);
  wait_for_store(*lane);
  pump(*lane, now);
  return {};
}

void Engine::take(Lane& lane, const EventRef& event, Timestamp now) {
  const auto& delivery = lane.subscription->delivery;
  if (lane.work && lane.work->events >= defaults_.backlog_max) return overflow(lane, event, now);
  Item item;
  item.sequence = event->sequence;
  item.event = event;
  item.octets = static_cast<std::uint32_t>(event->data.size());
  // What is collected is numbered when it joins its window: there a newer one may take its place.
  if (!delivery.collects()) item.number = give_number(lane);
  if (event->expirytime) item.expires = *event->expirytime;
  if (delivery.expiry)
    item.expires = std::min(item.expires, occurrence(*event, now) + *delivery.expiry);
  if (event->notbefore) item.not_before = *event->notbefore;
  if (delivery.rare->hold)
    item.not_before = std::max(item.not_before, occurrence(*event, now) + *delivery.rare->hold);
  if (delivery.ordered() || delivery.only_latest()) item.group = group_of(*event);
  const auto key = add_item(lane, std::move(item));
  auto& added = lane.work->item(key);
  if (delivery.ordered()) {
    added.ordered = true;
    const auto place = lane.work->order.emplace(added.group, key).first;
    if (place != lane.work->order.begin() && std::prev(place)->first == added.group) {
      added.stage = Stage::blocked;
      return;
    }
  }
  schedule(lane, key, added, now);
}

// More than anybody would want to catch up with, and more than we have room for.
void Engine::overflow(Lane& lane, const EventRef& event, Timestamp now) {
  ++totals_.overflowed;
  Item item;
  item.number = give_number(lane);
  item.sequence = event->sequence;
  item.event = event;
  bury(lane, item, 0, "overflow", {});
  add_gap(lane, item.number, "overflow", now);
}

Engine::Key Engine::add_item(Lane& lane, Item item) {
  auto& work = this->work(lane);
  const auto key = work.next_key++;
  if (item.event) ++unsaved_;
  ++waiting_;
  if (item.kind == Delivery::Kind::event)
    ++work.events;
  else
    more_happened_ = true;
  auto& added = work.items.emplace(key, std::move(item)).first->second;
  touch(lane, key, added);
  return key;
}

void Engine::touch(const Lane& lane, Key key, Item& item) {
  if (std::exchange(item.dirty, true)) return;
  dirty_items_.emplace_back(lane.handle, key);
}

// REQUIRES: it stands in no queue of the lane any more.
void Engine::remove_item(Lane& lane, Key key, Timestamp now) {
  auto& work = *lane.work;
  const auto found = work.items.find(key);
  SENSE_CHECK(found != work.items.end());
  const auto& item = found->second;
  if (item.event && !item.event_saved) --unsaved_;
  --waiting_;
  if (item.kind == Delivery::Kind::event) --work.events;
  if (item.saved) removed_items_.emplace_back(lane.subscription->id, key);
  if (item.whole_window) --work.windows_pending;
  const bool ordered = item.ordered;
  const auto group = item.group;
  work.items.erase(found);
  if (!ordered) return;
  work.order.erase({group, key});
  const auto next = work.order.lower_bound({group, 0});
  if (next == work.order.end() || next->first != group) return;
  auto& moved_up = work.item(next->second);
  if (moved_up.stage == Stage::blocked) schedule(lane, next->second, moved_up, now);
}

void Engine::schedule(Lane& lane, Key key, Item& item, Timestamp now) {
  if (item.not_before <= now.wall) return arrive(lane, key, item, now);
  item.stage = Stage::held;
  item.due = now.mono + (item.not_before - now.wall);
  lane.work->held.emplace(item.due, key);
}

void Engine::arrive(Lane& lane, Key key, Item& item, Timestamp now) {
  const bool collected = item.kind == Delivery::Kind::event && item.window == 0 &&
                         lane.subscription->delivery.collects();
  if (collected) return join_window(lane, key, item, now);
  if (item.kind == Delivery::Kind::event && item.number == 0) {
    // It was to be collected, and its subscription thought otherwise.
    item.number = give_number(lane);
    more_happened_ = true;
    touch(lane, key, item);
  }
  item.stage = Stage::fresh;
  lane.work->fresh.push(key);
}

}  // namespace sense

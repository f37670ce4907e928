// SPDX-License-Identifier: Apache-2.0
// What is attempted when: window, rate, hold, retries, probes.
#include <algorithm>

#include "gateways/host/engine/delivery_notices.hpp"
#include "gateways/host/engine/engine.hpp"

namespace sense {

namespace {

using std::chrono::seconds;

bool may_attempt(const Lane& lane) {
  // A suspended subscription is probed, so that it can come back.
  const auto state = lane.subscription->state;
  return !lane.gone && (lane.ending || state == SubscriptionState::active ||
                        state == SubscriptionState::suspended);
}

bool probing(const Lane& lane) {
  return !lane.ending && lane.suspension == Lane::Suspension::suspended;
}

// The first attempt at what was collected waits for the interval; it may be all there is to do.
bool waits_for_interval(const Lane& lane, const Item& item, Timestamp now) {
  return item.whole_window && item.attempts == 0 && lane.work->next_window > now.mono &&
         lane.subscription->delivery.rare->min_interval;
}

bool idle(const Lane& lane, Timestamp now) {
  const auto& work = *lane.work;
  return work.items.empty() && !work.unstored && !work.open && work.failures == 0 &&
         work.next_attempt <= now.mono && work.next_window <= now.mono &&
         lane.suspension != Lane::Suspension::suspended;
}

}  // namespace

std::uint32_t Engine::window(const Lane& lane) const {
  return std::max(1U, lane.subscription->delivery.window.value_or(defaults_.window));
}

// A number that is not the journal's to give is nobody's before it is stored: neither that delivery
// nor one behind it may be attempted.
void Engine::wait_for_store(Lane& lane) {
  actions_.checkpoint = more_happened_ = true;
  auto& work = this->work(lane);
  work.unstored_since = round_;
  if (!std::exchange(work.unstored, true)) unstored_lanes_.push_back(lane.handle);
}

// Does all that can be done now.
void Engine::pump(Lane& lane, Timestamp now) {
  if (!lane.work) return;
  let_go(lane, now);
  if (const auto closes = window_closes(lane, now); closes && *closes <= now.mono)
    close_window(lane, now);
  if (may_attempt(lane))
    while (const auto key = next_key(lane, now))
      if (!expire(lane, *key, now)) attempt(lane, *key, now);
  set_timer(lane, now);
  const auto& work = *lane.work;
  const bool works = may_attempt(lane) && work.failures == 0 && !probing(lane);
  count_flowing(lane, works ? work.fresh.size() + work.in_flight : 0);
  if (idle(lane, now)) lane.work.reset();
}

void Engine::count_flowing(Lane& lane, std::size_t count) {
  flowing_ = flowing_ - std::exchange(lane.work->flowing, count) + count;
}

void Engine::let_go(Lane& lane, Timestamp now) {
  auto& held = lane.work->held;
  while (!held.empty() && held.begin()->first <= now.mono) {
    const auto key = held.begin()->second;
    held.erase(held.begin());
    // The wall clock decides; it may have been set back meanwhile.
    schedule(lane, key, lane.work->item(key), now);
  }
}

std::optional<Engine::Key> Engine::next_key(Lane& lane, Timestamp now) const {
  auto& work = *lane.work;
  if (work.unstored || work.in_flight >= window(lane) || work.next_attempt > now.mono)
    return std::nullopt;
  if (probing(lane)) return next_probe(lane, now);
  if (!work.retries.empty() && work.retries.begin()->first <= now.mono) {
    const auto key = work.retries.begin()->second;
    work.retries.erase(work.retries.begin());
    return key;
  }
  if (work.fresh.empty() || work.retries.size() >= window(lane) * retrying_windows)
    return std::nullopt;
  const auto key = work.fresh.front();
  if (waits_for_interval(lane, work.item(key), now)) return std::nullopt;
  work.fresh.pop();
  return key;
}

// Whether a callback works again shows at whatever is first, due or not.
std::optional<Engine::Key> Engine::next_probe(Lane& lane, Timestamp now) const {
  auto& work = *lane.work;
  if (work.in_flight > 0 || work.next_probe > now.mono) return std::nullopt;
  if (!work.retries.empty()) {
    const auto key = work.retries.begin()->second;
    work.retries.erase(work.retries.begin());
    return key;
  }
  if (work.fresh.empty()) return std::nullopt;
  const auto key = work.fresh.front();
  work.fresh.pop();
  return key;
}

bool Engine::expire(Lane& lane, Key key, Timestamp now) {
  const auto& item = lane.work->item(key);
  if (item.kind == Delivery::Kind::digest) return expire_members(lane, key, now);
  if (item.expires > now.wall) return false;
  ++totals_.expired;
  add_gap(lane, item.number, "expired", now);
  remove_item(lane, key, now);
  // Gaps that wait for something to get through would wait for ever when nothing is left to try.
  if (lane.work->items.size() == lane.work->parked.size()) unpark(lane);
  return true;
}

void Engine::attempt(Lane& lane, Key key, Timestamp now) {
  auto& work = *lane.work;
  auto& item = work.item(key);
  if (item.attempts++ == 0) item.first = now.mono;
  item.stage = Stage::in_flight;
  item.ticket = tickets_.open({lane.handle, key});
  ++work.in_flight;
  touch(lane, key, item);
  const auto& rare = *lane.subscription->delivery.rare;
  if (rare.rate)
    work.next_attempt = std::max(work.next_attempt, now.mono) + Duration{seconds{1}} / *rare.rate;
  if (rare.min_interval && item.whole_window) work.next_window = now.mono + *rare.min_interval;
  if (probing(lane)) {
    work.next_probe = now.mono + work.probe_pause;
    work.probe_pause = std::min(work.probe_pause * 2, defaults_.probe_max);
  }
  actions_.deliver.push_back({item.ticket, item.sequence, delivery_of(lane, item, now)});
}

std::shared_ptr<Delivery> Engine::delivery_of(const Lane& lane, const Item& item, Timestamp now) {
  auto delivery = std::make_shared<Delivery>();
  delivery->kind = item.kind;
  delivery->subscription = lane.subscription;
  delivery->number = item.number;
  delivery->number_last = item.number_last;
  delivery->attempt = item.attempts;
  delivery->reason = item.more->reason;
  delivery->window = item.window;
  const auto& subscription = *lane.subscription;
  switch (item.kind) {
    case Delivery::Kind::event: delivery->event = item.event; break;
    case Delivery::Kind::gap:
      delivery->event =
          gap_notice(subscription, item.number, item.number_last, item.more->reason, now.wall);
      break;
    case Delivery::Kind::ended:
      delivery->event = ended_notice(subscription, item.more->reason, now.wall);
      break;
    case Delivery::Kind::digest:
      for (const auto key : item.more->members) {
        const auto& member = lane.work->item(key);
        delivery->contents.push_back({member.number, member.sequence, member.event});
      }
      break;
  }
  return delivery;
}

// ---- time

std::optional<MonoTime> Engine::next_attempt(const Lane& lane, Timestamp now) const {
  const auto& work = *lane.work;
  if (!may_attempt(lane) || work.unstored || work.in_flight >= window(lane)) return std::nullopt;
  const bool fresh_rests =
      work.fresh.empty() ||
      (!probing(lane) && work.retries.size() >= window(lane) * retrying_windows);
  if (probing(lane)) {
    if (work.in_flight > 0 || (work.retries.empty() && fresh_rests)) return std::nullopt;
    return std::max(work.next_probe, work.next_attempt);
  }
  auto due = MonoTime::max();
  if (!work.retries.empty()) due = work.retries.begin()->first;
  if (!fresh_rests) {
    const auto& item = lane.work->item(work.fresh.front());
    due = std::min(due, waits_for_interval(lane, item, now) ? work.next_window : now.mono);
  }
  if (due == MonoTime::max()) return std::nullopt;
  return std::max(due, work.next_attempt);
}

void Engine::set_timer(Lane& lane, Timestamp now) {
  auto& work = *lane.work;
  auto due = MonoTime::max();
  for (const auto each : {next_attempt(lane, now), window_closes(lane, now)})
    if (each) due = std::min(due, *each);
  if (!work.held.empty()) due = std::min(due, work.held.begin()->first);
  if (due == MonoTime::max()) due = MonoTime{};
  if (due == work.timer) return;
  if (work.timer != MonoTime{}) timers_.erase({work.timer, lane.handle});
  work.timer = due;
  if (due != MonoTime{}) timers_.emplace(due, lane.handle);
}

std::optional<MonoTime> Engine::next_timer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void Engine::on_timer(Timestamp now) {
  while (!timers_.empty() && timers_.begin()->first <= now.mono) {
    auto& lane = lanes_.at(timers_.begin()->second);
    timers_.erase(timers_.begin());
    lane.work->timer = MonoTime{};
    pump(lane, now);
  }
}

}  // namespace sense

#include "gateways/host/engine.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "gateways/host/notice.hpp"

namespace sense {

Engine::Engine(Defaults defaults, std::uint64_t seed)
    : defaults_(std::move(defaults)), random_(seed) {}

Engine::Actions Engine::take_actions() {
  // What was to be attempted before the end that came meanwhile is not to be attempted any more.
  if (std::exchange(withdrawn_, false))
    std::erase_if(actions_.deliver,
                  [this](const auto& deliver) { return !tickets_.contains(deliver.ticket); });
  return std::exchange(actions_, {});
}

SubscriptionRef Engine::find(std::string_view id) const {
  const auto lane = lanes_.find(id);
  return lane == lanes_.end() || lane->second.ending ? nullptr : lane->second.subscription;
}

std::size_t Engine::count_for(std::string_view callback) const {
  const auto found = callbacks_.find(callback);
  return found == callbacks_.end() ? 0 : found->second;
}

std::vector<SubscriptionRef> Engine::subscriptions() const {
  std::vector<SubscriptionRef> all;
  for (const auto& [id, lane] : lanes_)
    if (!lane.ending) all.push_back(lane.subscription);
  return all;
}

// ---- subscriptions

void Engine::put(SubscriptionRef subscription, Now now) {
  const auto id = subscription->id;
  auto& lane = lanes_[id];
  if (lane.ending) {
    // Made again under its old id, as those of the configuration file are.
    drop_items(id, lane);
    lane.ending = lane.gone = false;
    lane.next_number = 1;
  } else if (lane.subscription) {
    stop_matching(*lane.subscription);
  }
  index_.add(*subscription);
  ++callbacks_[subscription->callback];
  lane.subscription = std::move(subscription);
  lane.dirty = true;
  dirty_lanes_.insert(id);
  pump(id, lane, now);
}

void Engine::end(const std::string& id, std::string reason, bool tell, Now now) {
  const auto found = lanes_.find(id);
  if (found == lanes_.end() || found->second.ending) return;
  auto& lane = found->second;
  stop_matching(*lane.subscription);
  drop_items(id, lane);
  lane.ending = true;
  // A callback that never said yes is told nothing, nor is one that is no more.
  if (!tell || lane.gone || lane.subscription->state == SubscriptionState::pending)
    return drop_lane(id);
  lane.dirty = true;
  dirty_lanes_.insert(id);
  Item item;
  item.kind = Delivery::Kind::ended;
  item.reason = std::move(reason);
  add_item(lane, std::move(item));
  pump(id, lane, now);
}

void Engine::stop_matching(const Subscription& subscription) {
  index_.remove(subscription);
  const auto callback = callbacks_.find(subscription.callback);
  if (--callback->second == 0) callbacks_.erase(callback);
}

void Engine::drop_items(const std::string& id, Lane& lane) {
  while (!lane.items.empty()) {
    const auto& [key, item] = *lane.items.begin();
    if (item.kind == Delivery::Kind::event) ++totals_.dropped;
    if (tickets_.erase(item.ticket) != 0) withdrawn_ = true;
    remove_item(id, lane, key);
  }
  lane.fresh.clear();
  lane.retries.clear();
  lane.parked.clear();
  lane.in_flight = 0;
}

void Engine::drop_lane(const std::string& id) {
  const auto found = lanes_.find(id);
  auto& lane = found->second;
  if (lane.timer != MonoTime{}) timers_.erase({lane.timer, id});
  dirty_lanes_.erase(id);
  if (lane.saved) removed_lanes_.insert(id);
  lanes_.erase(found);
  actions_.forget.push_back(id);
}

// ---- items

void Engine::add_item(Lane& lane, Item item) {
  const auto key = lane.next_key++;
  const auto id = lane.subscription->id;
  if (item.event) ++unsaved_;
  ++waiting_;
  auto& added = lane.items.emplace(key, std::move(item)).first->second;
  lane.fresh.push_back(key);
  touch(id, key, added);
  if (lane.dirty) return;
  lane.dirty = true;  // its next number
  dirty_lanes_.insert(id);
}

void Engine::touch(const std::string& id, std::uint64_t key, Item& item) {
  item.dirty = true;
  dirty_items_.emplace(id, key);
}

void Engine::remove_item(const std::string& id, Lane& lane, std::uint64_t key) {
  const auto found = lane.items.find(key);
  SENSE_CHECK(found != lane.items.end());
  const auto& item = found->second;
  if (item.event && !item.saved) --unsaved_;
  --waiting_;
  if (item.dirty) dirty_items_.erase({id, key});
  if (item.saved) removed_items_.emplace(id, key);
  lane.items.erase(found);
}

// ---- events

void Engine::on_event(const EventRef& event, Now now) {
  std::vector<std::string> matched;
  for (const auto id : index_.candidates(event->type)) matched.emplace_back(id);
  for (const auto& id : matched) {
    auto& lane = lanes_.find(id)->second;
    const auto& subscription = *lane.subscription;
    // A paused or suspended subscription keeps what it is owed; a pending one is owed nothing.
    if (subscription.state == SubscriptionState::pending || !matches(subscription, *event))
      continue;
    ++totals_.matched;
    Item item;
    item.number = lane.next_number++;
    item.sequence = event->sequence;
    item.event = event;
    item.expires = event->expirytime;
    if (subscription.delivery.expiry) {
      const auto latest = event->time.value_or(event->observedtime.value_or(now.wall)) +
                          *subscription.delivery.expiry;
      item.expires = item.expires ? std::min(*item.expires, latest) : latest;
    }
    add_item(lane, std::move(item));
    pump(id, lane, now);
  }
}

std::uint32_t Engine::window(const Lane& lane) const {
  return std::max(1U, lane.subscription->delivery.window.value_or(defaults_.window));
}

std::uint32_t Engine::attempts_max(const Lane& lane, const Item& item) const {
  const auto usual = lane.subscription->delivery.retry_count.value_or(
      static_cast<std::uint32_t>(defaults_.pauses.size()) + 1);
  return item.kind == Delivery::Kind::ended ? std::min(usual, ended_attempts_max) : usual;
}

Duration Engine::pause_after(const Lane& lane, std::uint32_t attempts) {
  const auto& options = lane.subscription->delivery;
  const auto step = std::min<std::size_t>(attempts - 1, 40);
  Duration pause{};
  if (options.retry_initial)
    pause = *options.retry_initial * (std::int64_t{1} << std::min<std::size_t>(step, 20));
  else if (!defaults_.pauses.empty())
    pause = defaults_.pauses[std::min(step, defaults_.pauses.size() - 1)];
  pause = std::min(pause, options.retry_max.value_or(pause_max));
  // Jitter only adds: an early retry would break the promise of the schedule.
  const auto spread = static_cast<std::uint64_t>(pause.count() / 10);
  return pause + Duration{spread == 0 ? 0 : static_cast<std::int64_t>(random_() % spread)};
}

// ---- attempts

std::optional<std::uint64_t> Engine::next_key(Lane& lane, Now now) const {
  if (lane.in_flight >= window(lane)) return std::nullopt;
  if (!lane.retries.empty() && lane.retries.begin()->first <= now.mono) {
    const auto key = lane.retries.begin()->second;
    lane.retries.erase(lane.retries.begin());
    return key;
  }
  if (lane.fresh.empty() || lane.retries.size() >= window(lane) * retrying_windows)
    return std::nullopt;
  const auto key = lane.fresh.front();
  lane.fresh.pop_front();
  return key;
}

bool Engine::may_attempt(const Lane& lane) {
  return (lane.subscription->state == SubscriptionState::active || lane.ending) && !lane.gone;
}

void Engine::pump(const std::string& id, Lane& lane, Now now) {
  if (may_attempt(lane))
    while (const auto key = next_key(lane, now))
      if (!expire(id, lane, *key, now)) attempt(id, lane, *key, now);
  set_timer(id, lane);
}

bool Engine::expire(const std::string& id, Lane& lane, std::uint64_t key, Now now) {
  const auto& item = lane.items.at(key);
  if (!item.expires || *item.expires > now.wall) return false;
  ++totals_.expired;
  const auto number = item.number;
  remove_item(id, lane, key);
  add_gap(id, lane, number, "expired");
  return true;
}

void Engine::attempt(const std::string& id, Lane& lane, std::uint64_t key, Now now) {
  auto& item = lane.items.at(key);
  ++item.attempts;
  item.ticket = next_ticket_++;
  ++lane.in_flight;
  touch(id, key, item);
  tickets_[item.ticket] = {id, key};
  auto delivery = std::make_shared<Delivery>();
  delivery->kind = item.kind;
  delivery->subscription = lane.subscription;
  delivery->number = item.number;
  delivery->number_last = item.number_last;
  delivery->attempt = item.attempts;
  delivery->reason = item.reason;
  delivery->event = item.kind == Delivery::Kind::event ? item.event : notice(lane, item, now);
  actions_.deliver.push_back({item.ticket, item.sequence, std::move(delivery)});
}

EventRef Engine::notice(const Lane& lane, const Item& item, Now now) {
  return item.kind == Delivery::Kind::gap
             ? gap_notice(*lane.subscription, item.number, item.number_last, item.reason, now.wall)
             : ended_notice(*lane.subscription, item.reason, now.wall);
}

void Engine::on_result(std::uint64_t ticket, const Attempt& result, Now now) {
  const auto found = tickets_.find(ticket);
  if (found == tickets_.end()) return;  // its subscription ended meanwhile
  const auto [id, key] = found->second;
  tickets_.erase(found);
  auto& lane = lanes_.find(id)->second;
  auto& item = lane.items.at(key);
  item.ticket = 0;
  --lane.in_flight;
  switch (result.outcome) {
    case Attempt::Outcome::delivered:
      if (item.kind == Delivery::Kind::event) ++totals_.delivered;
      remove_item(id, lane, key);
      unpark(lane);
      break;
    case Attempt::Outcome::retry: retry(id, lane, key, result, now); break;
    case Attempt::Outcome::rejected: give_up(id, lane, key, "rejected", result.answer); break;
    case Attempt::Outcome::gone:
      if (item.kind == Delivery::Kind::event)
        give_up(id, lane, key, "gone", result.answer);
      else if (item.kind == Delivery::Kind::gap)
        // The subscription ends now; but if we crash before that is known, it must be told again.
        park(id, lane, key);
      else
        remove_item(id, lane, key);
      if (!lane.ending && !lane.gone) actions_.gone.push_back(id);
      lane.gone = true;
      break;
  }
  if (lane.ending && lane.items.empty()) return drop_lane(id);
  pump(id, lane, now);
}

void Engine::retry(const std::string& id, Lane& lane, std::uint64_t key, const Attempt& result,
                   Now now) {
  auto& item = lane.items.at(key);
  if (item.attempts >= attempts_max(lane, item))
    return give_up(id, lane, key, "undeliverable", result.answer);
  ++totals_.retried;
  const auto pause = result.after ? std::clamp(*result.after, Duration{0}, pause_max)
                                  : pause_after(lane, item.attempts);
  item.due = now.mono + pause;
  lane.retries.emplace(item.due, key);
  touch(id, key, item);
}

void Engine::give_up(const std::string& id, Lane& lane, std::uint64_t key, std::string reason,
                     std::string answer) {
  if (lane.items.at(key).kind == Delivery::Kind::gap && reason == "undeliverable")
    return park(id, lane, key);
  const auto item = lane.items.at(key);
  remove_item(id, lane, key);
  if (item.kind != Delivery::Kind::event) {
    ++totals_.dropped;
    return;
  }
  ++totals_.dead;
  actions_.dead.push_back(
      {id, item.number, item.sequence, item.attempts, reason, std::move(answer), item.event});
  add_gap(id, lane, item.number, "undeliverable");
}

void Engine::add_gap(const std::string& id, Lane& lane, std::uint64_t number, std::string reason) {
  // Neighbours become one gap while nobody has been told of it yet.
  if (!lane.fresh.empty()) {
    const auto key = lane.fresh.back();
    auto& last = lane.items.at(key);
    if (last.kind == Delivery::Kind::gap && last.reason == reason &&
        last.number_last + 1 == number) {
      last.number_last = number;
      return touch(id, key, last);
    }
  }
  Item gap;
  gap.kind = Delivery::Kind::gap;
  gap.number = gap.number_last = number;
  gap.reason = std::move(reason);
  if (!join_parked(id, lane, gap)) add_item(lane, std::move(gap));
}

// A gap that a dead callback could not be told would leave a hole that nobody explains: it waits,
// made one with its neighbours, until something gets through again.
void Engine::park(const std::string& id, Lane& lane, std::uint64_t key) {
  auto& gap = lane.items.at(key);
  if (join_parked(id, lane, gap)) return remove_item(id, lane, key);
  gap.attempts = 0;
  touch(id, key, gap);
  lane.parked.push_back(key);
}

bool Engine::join_parked(const std::string& id, Lane& lane, const Item& gap) {
  for (const auto key : lane.parked) {
    auto& other = lane.items.at(key);
    const bool neighbours =
        other.number_last + 1 == gap.number || gap.number_last + 1 == other.number;
    if (!neighbours || other.reason != gap.reason) continue;
    other.number = std::min(other.number, gap.number);
    other.number_last = std::max(other.number_last, gap.number_last);
    touch(id, key, other);
    return true;
  }
  return false;
}

void Engine::unpark(Lane& lane) {
  lane.fresh.insert(lane.fresh.end(), lane.parked.begin(), lane.parked.end());
  lane.parked.clear();
}

// ---- time

void Engine::set_timer(const std::string& id, Lane& lane) {
  MonoTime due{};
  if (may_attempt(lane) && !lane.retries.empty() && lane.in_flight < window(lane))
    due = lane.retries.begin()->first;
  if (due == lane.timer) return;
  if (lane.timer != MonoTime{}) timers_.erase({lane.timer, id});
  lane.timer = due;
  if (due != MonoTime{}) timers_.emplace(due, id);
}

std::optional<MonoTime> Engine::next_timer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

void Engine::on_timer(Now now) {
  while (!timers_.empty() && timers_.begin()->first <= now.mono) {
    const auto id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    auto& lane = lanes_.find(id)->second;
    lane.timer = MonoTime{};
    pump(id, lane, now);
  }
}

}  // namespace sense

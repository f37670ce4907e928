// SPDX-License-Identifier: Apache-2.0
// Time, and the broker's part: journal and registry.
#include "tests/simulation/world.hpp"

#include <algorithm>

namespace sense::simulation {

using namespace std::chrono_literals;

namespace {

constexpr Duration checkpoint_interval = 500ms;
constexpr std::size_t subscriptions_at_start = 90;
constexpr std::uint64_t types = 12;
constexpr Duration traffic_span = 24h;
constexpr std::size_t live_max = 115;

QName type_of(std::uint64_t number) {
  return *QName::make("urn:test", "t" + std::to_string(number));
}

Engine::Defaults random_defaults(Random& random) {
  Engine::Defaults defaults{{1s, 2s, 4s, 8s, 16s, 32s, 32s}, 8};
  if (one_in(random, 3)) defaults = {{5s, 5min, 30min, 2h}, 4};
  if (one_in(random, 3)) defaults.backlog_max = 20;
  if (one_in(random, 3)) defaults.gaps_max = 1;
  if (one_in(random, 3)) {
    defaults.suspend_after = 5;
    defaults.suspend_over = 10min;
  }
  return defaults;
}

}  // namespace

World::World(std::uint64_t seed)
    : random_(seed),
      defaults_(random_defaults(random_)),
      smooth_(one_in(random_, 3)),
      engine_(std::make_unique<Engine>(defaults_, seed)) {}

// ---- time

void World::at(Duration after, std::function<void()> task) {
  agenda_.emplace(clock_.now().mono + after, std::move(task));
}

void World::advance_to(MonoTime time) {
  const auto now = clock_.now().mono;
  if (time > now) clock_.advance(time - now);
}

// One thing that happens next; false when nothing does until then.
bool World::step(MonoTime until) {
  const auto timer = engine_ ? engine_->next_timer() : std::nullopt;
  auto next = agenda_.empty() ? MonoTime::max() : agenda_.begin()->first;
  const bool timer_first = timer && *timer <= next;
  if (timer_first) next = *timer;
  const auto due = checkpointed_ + checkpoint_interval;
  if (engine_ && changed_ && due < next) {
    advance_to(due);
    checkpoint();
    return true;
  }
  if (next > until || next == MonoTime::max()) return false;
  advance_to(next);
  if (timer_first) {
    engine_->on_timer(clock_.now());
    perform();
  } else {
    const auto task = std::move(agenda_.begin()->second);
    agenda_.erase(agenda_.begin());
    task();
  }
  if (crash_now_ || maybe_crash(600)) crash();
  return true;
}

void World::run_until(MonoTime until) {
  while (broken_.empty() && step(until)) {
  }
}

std::string World::run() {
  for (std::size_t i = 0; i < subscriptions_at_start; ++i) create();
  const auto start = clock_.now().mono;
  traffic();
  run_until(start + traffic_span);
  crashes_allowed_ = false;
  traffic_over_ = true;
  run_until(start + traffic_span + 24h * 30);
  // Now every callback works, no subscription is paused, and each gets an event.
  for (auto& [id, ledger] : ledgers_) {
    ledger.endpoint.heal();
    if (ledger.end_sequence == 0 && ledger.subscription->state == SubscriptionState::paused)
      change_state(id, SubscriptionState::active);
  }
  run_until(clock_.now().mono + 1h);
  redrive_everything();
  publish(true);
  run_until(MonoTime::max());
  if (broken_.empty()) check_end();
  return broken_;
}

// ---- the broker's part

void World::append(Entry entry) {
  entry.sequence = journal_.size() + 1;
  if (entry.event) {
    auto event = *entry.event;
    event.sequence = entry.sequence;
    entry.event = std::make_shared<const Event>(std::move(event));
    for (auto& [id, ledger] : ledgers_) ledger.on_event(entry.event, clock_.now().wall);
  } else if (entry.put) {
    auto subscription = *entry.put;
    const auto held = ledgers_.find(subscription.id);
    const bool was_pending = held->second.subscription == nullptr ||
                             held->second.subscription->state == SubscriptionState::pending;
    subscription.revision = entry.sequence;
    if (was_pending && subscription.state == SubscriptionState::active)
      subscription.since = entry.sequence;
    entry.put = std::make_shared<const Subscription>(std::move(subscription));
    held->second.put(entry.put);
  } else {
    ledgers_.at(entry.end).end(entry.sequence, entry.notify);
  }
  journal_.push_back(std::move(entry));
  if (follow_planned_) return;
  follow_planned_ = true;
  at(up_to(random_, 20ms), [this] { follow(); });
}

void World::publish(bool for_all) {
  const auto type = pick(random_, types);
  for (std::uint64_t each = for_all ? 0 : type; each < (for_all ? types : type + 1); ++each) {
    Event event;
    event.id = "e" + std::to_string(++events_);
    event.type = type_of(each);
    event.source = "//test/" + std::to_string(for_all ? 1 : pick(random_, 3));
    event.time = clock_.now().wall - (for_all ? Duration{0} : up_to(random_, 5min));
    if (!for_all && one_in(random_, 10))
      event.expirytime = clock_.now().wall - 5s + up_to(random_, 10min);
    if (!for_all && one_in(random_, 15)) event.notbefore = clock_.now().wall + up_to(random_, 1h);
    if (!for_all && one_in(random_, 10)) event.except = {"ada"};
    if (!for_all && one_in(random_, 20)) event.audience = {"ada", "grace"};
    Entry entry;
    entry.event = std::make_shared<const Event>(std::move(event));
    append(std::move(entry));
  }
}

Subscription World::random_subscription() {
  Subscription subscription;
  const auto number = ledgers_.size();
  subscription.id = "s-" + std::to_string(number);
  subscription.callback = "test://host" + std::to_string(number % 40) + "/";
  if (!one_in(random_, 100))
    subscription.types.push_back(*TypePattern::parse(
        one_in(random_, 40) ? "{urn:test}*" : type_of(pick(random_, types)).clark()));
  if (one_in(random_, 3)) subscription.sources.push_back(*SourcePattern::parse("//test/1"));
  subscription.state = one_in(random_, 4) ? SubscriptionState::pending : SubscriptionState::active;
  auto& delivery = subscription.delivery;
  if (one_in(random_, 2)) delivery.window = 1 + static_cast<std::uint32_t>(pick(random_, 4));
  if (one_in(random_, 4)) delivery.expiry = 10min + up_to(random_, 6h);
  if (one_in(random_, 4)) delivery.retry_count = 1 + static_cast<std::uint32_t>(pick(random_, 6));
  if (one_in(random_, 6)) delivery.retry_initial = 100ms + up_to(random_, 2min);
  if (one_in(random_, 6)) delivery.retry_max = 3min;
  constexpr const char* owners[] = {"ada", "grace", "linus"};
  subscription.owner = owners[pick(random_, std::size(owners))];
  choose_options(delivery);
  return subscription;
}

void World::choose_options(DeliveryOptions& delivery) {
  if (one_in(random_, 2)) return;
  auto& sparse = delivery.sparse.edit();
  switch (smooth_ ? pick(random_, 2) * 4 : pick(random_, 6)) {
    case 0: sparse.order = Order::source; break;
    case 1: sparse.digest.emplace().interval = 10min + up_to(random_, 6h); break;
    case 2:
      sparse.digest.emplace().count = 2 + static_cast<std::uint32_t>(pick(random_, 8));
      if (one_in(random_, 2)) sparse.digest->octets = 20;
      sparse.digest->until = 1h * static_cast<int>(pick(random_, 24));
      break;
    case 3:
      sparse.min_interval = 1s + up_to(random_, 30min);
      if (one_in(random_, 2)) sparse.coalesce = Coalesce::latest;
      break;
    case 4: sparse.rate = 1 + static_cast<std::uint32_t>(pick(random_, 5)); break;
    default: sparse.on_failure = OnFailure::drop; break;
  }
  if (one_in(random_, 3) && !delivery.expiry) sparse.hold = 1s + up_to(random_, 2h);
  if (one_in(random_, 4)) {
    sparse.suspend_after = 2 + static_cast<std::uint32_t>(pick(random_, 4));
    sparse.suspend_over = up_to(random_, 10min);
  }
  if (one_in(random_, 8)) sparse.retry_span = 1min + up_to(random_, 6h);
}

void World::create() {
  constexpr Behaviour behaviours[] = {Behaviour::fast,    Behaviour::fast,     Behaviour::slow,
                                      Behaviour::failing, Behaviour::flapping, Behaviour::flapping,
                                      Behaviour::lying,   Behaviour::lying,    Behaviour::gone};
  const auto behaviour = behaviours[pick(random_, smooth_ ? 3 : std::size(behaviours))];
  auto subscription = std::make_shared<const Subscription>(random_subscription());
  const auto fails_from = clock_.now().mono + up_to(random_, traffic_span);
  ledgers_.emplace(subscription->id, Ledger(Endpoint(behaviour, fails_from)));
  Entry entry;
  entry.put = std::move(subscription);
  append(std::move(entry));
}

void World::end(const std::string& id, std::string reason, bool notify) {
  if (ledgers_.at(id).end_sequence != 0) return;
  Entry entry;
  entry.end = id;
  entry.reason = std::move(reason);
  entry.notify = notify;
  append(std::move(entry));
}

void World::change_state(const std::string& id, SubscriptionState state) {
  auto changed = *ledgers_.at(id).subscription;
  changed.state = state;
  Entry entry;
  entry.put = std::make_shared<const Subscription>(std::move(changed));
  append(std::move(entry));
}

std::string World::random_live() {
  std::vector<std::string> live;
  for (const auto& [id, ledger] : ledgers_)
    if (ledger.end_sequence == 0) live.push_back(id);
  return live.empty() ? std::string() : live[pick(random_, live.size())];
}

void World::change_something() {
  const auto id = random_live();
  if (id.empty()) return create();
  const auto& ledger = ledgers_.at(id);
  auto changed = *ledger.subscription;
  switch (pick(random_, 6)) {
    case 0:
      if (ledgers_.size() < live_max) return create();
      return;
    case 1: {
      const bool cancelled = one_in(random_, 2);
      return end(id, cancelled ? "cancelled" : "expired", !cancelled);
    }
    case 2:  // renewed
      changed.expires = clock_.now().wall + 1h;
      break;
    case 3:  // paused, resumed or verified. The fast ones show what latency is: they stay.
      if (changed.state == SubscriptionState::active) {
        if (ledger.endpoint.behaviour() == Behaviour::fast) return;
        changed.state = SubscriptionState::paused;
      } else {
        changed.state = SubscriptionState::active;
      }
      break;
    case 4: changed.delivery.window = 1 + static_cast<std::uint32_t>(pick(random_, 4)); break;
    default: changed.types = {*TypePattern::parse(type_of(pick(random_, types)).clark())}; break;
  }
  Entry entry;
  entry.put = std::make_shared<const Subscription>(std::move(changed));
  append(std::move(entry));
}

void World::traffic() {
  if (traffic_over_) return;
  const auto burst = one_in(random_, 16) ? 30 : 1;
  for (std::uint64_t i = 0; i < 1 + pick(random_, burst); ++i) publish(false);
  if (one_in(random_, smooth_ ? 30 : 3)) change_something();
  if (one_in(random_, 3)) redrive_something();
  const bool close = smooth_ && !one_in(random_, 30);
  at(up_to(random_, close ? Duration{2s} : Duration{smooth_ ? 6h : 25min}), [this] { traffic(); });
}

}  // namespace sense::simulation

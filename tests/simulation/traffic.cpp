// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/traffic.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t types = 12;
constexpr std::size_t live_max = 115;

QName type_of(std::uint64_t number) {
  return *QName::make("urn:test", "t" + std::to_string(number));
}

}  // namespace

void Traffic::flow() {
  if (context_.traffic_over) return;
  const bool smooth = context_.smooth;
  const auto burst = one_in(random_, 16) ? 30 : 1;
  for (std::uint64_t i = 0; i < 1 + pick(random_, burst); ++i) publish(false);
  if (one_in(random_, smooth ? 30 : 3)) change_something();
  if (context_.redrives && one_in(random_, 10))
    if (const auto id = random_live(); !id.empty()) broker_.redrive(id);
  broker_.expire();
  const bool close = smooth && !one_in(random_, 30);
  context_.hub.later(up_to(random_, close ? Duration{2s} : Duration{smooth ? 10min : 50s}),
                     [this] { flow(); });
}

void Traffic::publish(bool for_all) {
  const auto now = context_.now().wall;
  const auto type = pick(random_, types);
  for (std::uint64_t each = for_all ? 0 : type; each < (for_all ? types : type + 1); ++each) {
    Event event;
    event.id = "e" + std::to_string(++context_.totals.events);
    event.type = type_of(each);
    event.source = "//test/" + std::to_string(for_all ? 1 : pick(random_, 3));
    event.data = "{}";
    event.time = now - (for_all ? Duration{0} : up_to(random_, 5min));
    if (!for_all && one_in(random_, 10)) event.expirytime = now - 5s + up_to(random_, 10min);
    if (!for_all && one_in(random_, 15)) event.notbefore = now + up_to(random_, 5min);
    if (!for_all && one_in(random_, 10)) event.except = {"ada"};
    if (!for_all && one_in(random_, 20)) event.audience = {"ada", "grace"};
    broker_.publish(std::move(event));
  }
}

void Traffic::create() {
  constexpr Behaviour behaviours[] = {Behaviour::fast,     Behaviour::fast,    Behaviour::slow,
                                      Behaviour::failing,  Behaviour::hanging, Behaviour::flapping,
                                      Behaviour::flapping, Behaviour::lying,   Behaviour::lying,
                                      Behaviour::gone};
  const auto behaviour = behaviours[pick(random_, context_.smooth ? 3 : std::size(behaviours))];
  auto subscription = random_subscription();
  const auto fails_from = context_.now().mono + up_to(random_, span);
  broker_.create(std::move(subscription), Endpoint(behaviour, fails_from));
}

Subscription Traffic::random_subscription() {
  Subscription subscription;
  const auto number = broker_.ledgers().size();
  subscription.id = "s-" + std::to_string(number);
  subscription.callback = "test://host" + std::to_string(number) + "/";
  subscription.via = "test";
  subscription.created = context_.now().wall;
  subscription.period = 10min + up_to(random_, 2h);
  subscription.expires = context_.now().wall + subscription.period;
  if (!one_in(random_, 100))
    subscription.types.push_back(*TypePattern::parse(
        one_in(random_, 40) ? "{urn:test}*" : type_of(pick(random_, types)).clark()));
  if (one_in(random_, 3)) subscription.sources.push_back(*SourcePattern::parse("//test/1"));
  subscription.state = one_in(random_, 2) ? SubscriptionState::pending : SubscriptionState::active;
  auto& delivery = subscription.delivery;
  if (one_in(random_, 2)) delivery.window = 1 + static_cast<std::uint32_t>(pick(random_, 4));
  if (one_in(random_, 4)) delivery.expiry = 1min + up_to(random_, 30min);
  if (one_in(random_, 4)) delivery.retry_count = 1 + static_cast<std::uint32_t>(pick(random_, 6));
  if (one_in(random_, 6)) delivery.retry_initial = 100ms + up_to(random_, 2min);
  if (one_in(random_, 6)) delivery.retry_max = 3min;
  constexpr const char* owners[] = {"ada", "grace", "linus"};
  subscription.owner = owners[pick(random_, std::size(owners))];
  choose_options(delivery);
  return subscription;
}

void Traffic::choose_options(DeliveryOptions& delivery) {
  if (one_in(random_, 2)) return;
  auto& sparse = delivery.sparse.edit();
  switch (context_.smooth ? pick(random_, 2) * 4 : pick(random_, 6)) {
    case 0: sparse.order = Order::source; break;
    case 1: sparse.digest.emplace().interval = 1min + up_to(random_, 15min); break;
    case 2:
      sparse.digest.emplace().count = 2 + static_cast<std::uint32_t>(pick(random_, 8));
      if (one_in(random_, 2)) sparse.digest->octets = 20;
      // An hour of traffic meets one of these in most worlds.
      sparse.digest->until = 30min * static_cast<int>(pick(random_, 48));
      break;
    case 3:
      sparse.min_interval = 1s + up_to(random_, 5min);
      if (one_in(random_, 2)) sparse.coalesce = Coalesce::latest;
      break;
    case 4: sparse.rate = 1 + static_cast<std::uint32_t>(pick(random_, 5)); break;
    default: sparse.on_failure = OnFailure::drop; break;
  }
  if (one_in(random_, 3) && !delivery.expiry) sparse.hold = 1s + up_to(random_, 5min);
  if (one_in(random_, 4)) {
    sparse.suspend_after = 2 + static_cast<std::uint32_t>(pick(random_, 4));
    sparse.suspend_over = up_to(random_, 3min);
  }
  if (one_in(random_, 8)) sparse.retry_span = 1min + up_to(random_, 30min);
}

std::string Traffic::random_live() {
  std::vector<std::string> live;
  for (const auto& [id, ledger] : broker_.ledgers())
    if (ledger.end_sequence == 0) live.push_back(id);
  return live.empty() ? std::string() : live[pick(random_, live.size())];
}

void Traffic::change_something() {
  const auto id = random_live();
  if (id.empty()) return create();
  const auto& ledger = broker_.ledgers().at(id);
  auto changed = *ledger.subscription;
  switch (pick(random_, 6)) {
    case 0:
      if (broker_.ledgers().size() < live_max) return create();
      return;
    case 1: {
      const bool cancelled = one_in(random_, 2);
      return broker_.end(id, cancelled ? "cancelled" : "revoked");
    }
    case 2:  // renewed
      changed.expires = context_.now().wall + changed.period;
      break;
    case 3:  // paused or resumed. The fast ones show what latency is: they stay.
      if (changed.state == SubscriptionState::pending) return;
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
  broker_.put(std::move(changed));
}

}  // namespace sense::simulation

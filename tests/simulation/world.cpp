// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.hpp"

#include "tests/simulation/state_checks.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t subscriptions_at_start = 90;

}  // namespace

World::World(std::uint64_t seed)
    : context_(seed), host_(context_, broker_, store_, checkpoints_, seed) {
  broker_.on_append([this] { host_.wake(20ms); });
}

bool World::step(MonoTime until) {
  auto& agenda = context_.agenda;
  const auto timer = host_.timer();
  const bool timer_first = timer && *timer <= agenda.next();
  const auto next = timer_first ? *timer : agenda.next();
  if (const auto due = host_.checkpoint_due(); due && *due < next) {
    agenda.advance_to(*due);
    host_.checkpoint();
    return true;
  }
  if (next > until || next == MonoTime::max()) return false;
  agenda.advance_to(next);
  if (timer_first)
    host_.on_timer();
  else
    agenda.run_next();
  host_.crash_if_due();
  return true;
}

void World::run_until(MonoTime until) {
  while (context_.first_broken.empty() && step(until)) {
  }
}

std::string World::run() {
  for (std::size_t i = 0; i < subscriptions_at_start; ++i) traffic_.create();
  const auto start = context_.agenda.now().mono;
  traffic_.flow();
  run_until(start + Traffic::span);
  context_.crashes_allowed = false;
  context_.traffic_over = true;
  run_until(start + Traffic::span + 24h * 30);
  heal();
  run_until(context_.agenda.now().mono + 1h);
  redrives_.redrive_all();
  traffic_.publish(true);
  run_until(MonoTime::max());
  if (context_.first_broken.empty()) check_end(context_, host_.engine(), store_, broker_.ledgers());
  return context_.first_broken;
}

// From now on every callback works, and no subscription is paused.
void World::heal() {
  for (auto& [id, ledger] : broker_.ledgers()) {
    ledger.endpoint.heal();
    if (ledger.end_sequence == 0 && ledger.subscription->state == SubscriptionState::paused)
      broker_.change_state(id, SubscriptionState::active);
  }
}

std::string World::summary() { return context_.summary(broker_.ledgers().size()); }

}  // namespace sense::simulation

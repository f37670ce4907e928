// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.hpp"

#include "tests/simulation/state_checks.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t subscriptions_at_start = 90;

}  // namespace

World::World(std::uint64_t seed) : context_(seed), gateways_(context_, broker_, seed) {}

void World::run_for(Duration span) {
  const auto end = context_.now().mono + span;
  while (context_.first_broken.empty() && context_.hub.step(end)) gateways_.after_step();
}

void World::run_dry() {
  run_for(1min);
  for (int minute = 0; context_.first_broken.empty() && gateways_.waiting() != 0U; ++minute) {
    if (minute > 180)
      return context_.broken(gateways_.waiting() ? gateways_.who_waits() : "no gateway leads");
    run_for(1min);
  }
}

std::string World::run() {
  gateways_.begin();
  // One that has not served yet begins with the journal's end, whatever came before.
  run_for(10s);
  context_.crashes_allowed = true;
  for (std::size_t i = 0; i < subscriptions_at_start; ++i) traffic_.create();
  traffic_.flow();
  run_for(Traffic::span);
  context_.crashes_allowed = false;
  run_for(30min);
  context_.traffic_over = true;
  heal();
  // With it, what waits for a callback that works goes on.
  traffic_.publish(true);
  run_dry();
  check_accounts(context_, broker_.ledgers(), gateways_.dead_letters());
  for (const auto& [id, ledger] : broker_.ledgers())
    if (ledger.end_sequence == 0) broker_.redrive(id);
  traffic_.publish(true);
  run_dry();
  if (!context_.first_broken.empty()) return context_.first_broken;
  check_accounts(context_, broker_.ledgers(), gateways_.dead_letters());
  check_numbers(context_, broker_.ledgers());
  return context_.first_broken;
}

// From now on every callback works, no subscription is paused, and none waits for an hour of the
// day.
void World::heal() {
  for (auto& [id, ledger] : broker_.ledgers()) {
    ledger.endpoint.heal();
    if (ledger.end_sequence != 0) continue;
    auto healed = *ledger.subscription;
    if (healed.state == SubscriptionState::paused) healed.state = SubscriptionState::active;
    if (const auto& digest = healed.delivery.sparse->digest; digest && digest->until)
      healed.delivery.sparse.edit().digest =
          Digest{.interval = 5min, .until = {}, .count = digest->count, .octets = digest->octets};
    if (healed != *ledger.subscription) broker_.put(std::move(healed));
  }
}

std::string World::summary() { return context_.summary(broker_.ledgers().size()); }

}  // namespace sense::simulation

// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/context.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

namespace {

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

Context::Context(std::uint64_t seed)
    : random(seed), defaults(random_defaults(random)), smooth(one_in(random, 3)) {}

void Context::broken(const std::string& promise) {
  if (first_broken.empty())
    first_broken =
        promise + " (at " + to_rfc3339(agenda.now().wall) + ", life " + std::to_string(life) + ")";
}

std::string Context::summary(std::size_t subscriptions) const {
  const auto count = [](std::uint64_t number) { return std::to_string(number); };
  return count(totals.events) + " events, " + count(subscriptions) + " subscriptions, " +
         count(totals.attempts) + " attempts, " + count(totals.deliveries) + " delivered, " +
         count(totals.dead_letters) + " dead, " + count(totals.redrives) + " redriven (" +
         count(totals.redrives_lost) + " lost), " + count(totals.expired) + " expired, " +
         count(life) + " crashes, " + count(totals.digests) + " windows, " +
         count(totals.superseded) + " superseded, " + count(totals.suspensions) + " suspensions, " +
         count(totals.checkpoints) + " checkpoints, " + count(totals.lagged_checkpoints) +
         " of them lagged, " + count(totals.loaded) + " loaded, " + count(totals.replayed) +
         " replayed";
}

}  // namespace sense::simulation

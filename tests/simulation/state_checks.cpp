// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/state_checks.hpp"

#include <algorithm>

namespace sense::simulation {

namespace {

void check_numbers(Context& context, const std::string& id, const Ledger& ledger) {
  for (std::uint64_t number = 1; number <= ledger.owed.size(); ++number) {
    const auto& owed = ledger.owed[number - 1];
    const auto name = id + " number " + std::to_string(number);
    const bool expired = owed.expires && *owed.expires <= context.agenda.now().wall;
    const auto& endpoint = ledger.endpoint;
    if (!endpoint.has(number) && !ledger.dead_lettered.contains(number) && !expired &&
        !ledger.drops())
      context.broken(name + ": neither delivered nor dead nor expired");
    if (!endpoint.has(number) && !endpoint.knows_missing(number))
      context.broken(name + ": a missing number without a gap");
    if (!endpoint.has(number) && expired && !ledger.dead_lettered.contains(number))
      ++context.totals.expired;
  }
}

void check_collected(Context& context, const Store& store, const std::string& id,
                     const Ledger& ledger) {
  const auto& endpoint = ledger.endpoint;
  for (auto owed = ledger.owed.begin(); owed != ledger.owed.end(); ++owed) {
    const auto sequence = owed->event->sequence;
    const bool expired = owed->expires && *owed->expires <= context.agenda.now().wall;
    const bool superseded =
        ledger.subscription->delivery.only_latest() &&
        std::any_of(ledger.owed.begin(), ledger.owed.end(), [&](const Ledger::Owed& other) {
          return other.event->sequence > sequence && other.event->source == owed->event->source;
        });
    if (endpoint.has_event(sequence) || ledger.dead_lettered_sequences.contains(sequence) ||
        expired)
      continue;
    if (!superseded) context.broken(id + " event " + owed->event->id + ": collected and lost");
    ++context.totals.superseded;
  }
  const auto queue = store.queues.find(id);
  if (queue == store.queues.end()) return context.broken(id + ": is not in the store");
  for (std::uint64_t number = 1; number < queue->second.next_number; ++number)
    if (!endpoint.has(number) && !endpoint.knows_missing(number))
      context.broken(id + " number " + std::to_string(number) + ": a missing number without a gap");
}

}  // namespace

void check_checkpoint(Context& context, const Engine& engine, const Store& store) {
  Engine twin(context.defaults, 1);
  store.restore(twin, context.agenda.now());
  if (twin.waiting() != engine.waiting())
    context.broken("the store has " + std::to_string(twin.waiting()) + " deliveries, the engine " +
                   std::to_string(engine.waiting()));
  if (twin.count() != engine.count()) context.broken("the store has other subscriptions");
  if (engine.unsaved() != 0) context.broken("unsaved events after a checkpoint");
}

void check_end(Context& context, const Engine* engine, const Store& store,
               const std::map<std::string, Ledger>& ledgers) {
  if (engine == nullptr) return context.broken("the host did not come back");
  if (engine->waiting() != 0)
    context.broken(std::to_string(engine->waiting()) +
                   " deliveries wait though all callbacks work");
  for (const auto& [id, ledger] : ledgers) {
    if (ledger.end_sequence == 0) {
      if (ledger.collects())
        check_collected(context, store, id, ledger);
      else
        check_numbers(context, id, ledger);
      continue;
    }
    const auto asked = ledger.endpoint.asked_to_end();
    if (!ledger.end_notice_owed && asked != 0)
      context.broken(id + ": told of its end without reason");
    if (ledger.end_notice_owed && asked == 0 && !ledger.endpoint.said_gone())
      context.broken(id + ": not told of its end");
  }
}

}  // namespace sense::simulation

// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/state_checks.hpp"

#include <algorithm>

namespace sense::simulation {

namespace {

bool is_superseded(const Ledger& ledger, const Ledger::Owed& owed) {
  return ledger.subscription->delivery.only_latest() &&
         std::any_of(ledger.owed.begin(), ledger.owed.end(), [&](const Ledger::Owed& other) {
           return other.event->sequence > owed.event->sequence &&
                  other.event->source == owed.event->source;
         });
}

void check_owed(Context& context, const std::string& id, const Ledger& ledger,
                const std::set<std::uint64_t>& dead_letters) {
  for (const auto& owed : ledger.owed) {
    const auto sequence = owed.event->sequence;
    if (ledger.endpoint.has_event(sequence) || dead_letters.contains(sequence)) continue;
    if (owed.expires && *owed.expires <= context.now().wall)
      ++context.totals.expired;
    else if (is_superseded(ledger, owed))
      ++context.totals.superseded;
    else if (!ledger.drops())
      context.broken(id + " event " + owed.event->id +
                     ": neither delivered nor a dead letter nor expired");
  }
}

void check_told_of_end(Context& context, const std::string& id, const Ledger& ledger) {
  const auto asked = ledger.endpoint.asked_to_end();
  if (!ledger.end_notice_owed && asked != 0)
    context.broken(id + ": told of its end without reason");
  if (ledger.end_notice_owed && asked == 0 && !ledger.endpoint.said_gone())
    context.broken(id + ": not told of its end");
}

}  // namespace

void check_accounts(Context& context, const std::map<std::string, Ledger>& ledgers,
                    const DeadLetters& dead_letters) {
  for (const auto& [id, ledger] : ledgers) {
    const auto found = dead_letters.find(id);
    if (found != dead_letters.end()) context.totals.dead_letters += found->second.size();
    if (ledger.end_sequence == 0)
      check_owed(context, id, ledger,
                 found == dead_letters.end() ? std::set<std::uint64_t>{} : found->second);
  }
}

void check_numbers(Context& context, const std::map<std::string, Ledger>& ledgers) {
  for (const auto& [id, ledger] : ledgers) {
    if (ledger.end_sequence != 0) {
      check_told_of_end(context, id, ledger);
      continue;
    }
    const auto& endpoint = ledger.endpoint;
    const auto last = ledger.collects() || ledger.renumbered
                          ? endpoint.last()
                          : std::max<std::uint64_t>(endpoint.last(), ledger.owed.size());
    for (std::uint64_t number = 1; number <= last; ++number)
      if (!endpoint.has(number) && !endpoint.knows_missing(number))
        context.broken(id + " number " + std::to_string(number) +
                       ": a missing number without a gap");
  }
}

}  // namespace sense::simulation

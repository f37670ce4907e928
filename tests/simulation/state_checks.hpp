// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "tests/simulation/context.hpp"
#include "tests/simulation/ledger.hpp"

namespace sense::simulation {

// Of the store, by subscription: the sequences of their events.
using DeadLetters = std::map<std::string, std::set<std::uint64_t>>;

// What must hold when all callbacks work and nothing waits. A promise that does not is recorded in
// the context.

// All that was owed has been delivered, or is accounted for.
void check_accounts(Context& context, const std::map<std::string, Ledger>& ledgers,
                    const DeadLetters& dead_letters);
// Each number up to the last was delivered or reported as missing; who was to be told of an end
// was.
void check_numbers(Context& context, const std::map<std::string, Ledger>& ledgers);

}  // namespace sense::simulation

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "tests/simulation/context.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/store.hpp"

namespace sense::simulation {

// What must hold of a state. A promise that does not is recorded in the context.

// After a whole checkpoint: what is stored is what there is.
void check_checkpoint(Context& context, const Engine& engine, const Store& store);
// When all callbacks work and nothing is left to do: all that was owed has been delivered, or is
// accounted for.
void check_end(Context& context, const Engine* engine, const Store& store,
               const std::map<std::string, Ledger>& ledgers);

}  // namespace sense::simulation

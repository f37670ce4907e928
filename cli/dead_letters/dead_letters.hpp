// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "cli/base/command.hpp"
#include "core/subscription/dead_letter_request.hpp"

// `sense deadletters`: what a gateway could not deliver.
namespace sense::cli {

// As the command line says it.
struct LettersWanted {
  std::string gateway;  // its name in the configuration
  std::int64_t id = 0;
  std::string subscription;
  std::string since;  // RFC 3339
  bool all = false;
  std::int64_t after = 0;   // list: ids behind this one
  std::uint64_t limit = 0;  // list: so many; 0: all
  std::string timeout = "30s";
};
// REQUIRES: `since` was checked.
[[nodiscard]] DeadLetterSelection selection_of(const LettersWanted& wanted);

// Asks the gateway, over the bus, to redrive or purge what is wanted, and waits for what becomes of
// it. Answers the exit code.
[[nodiscard]] int ask_gateway(const Global& global, DeadLetterAction action,
                              const LettersWanted& wanted);

}  // namespace sense::cli

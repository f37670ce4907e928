// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "cli/base/command.hpp"
#include "core/subscription/dead_letter_request.hpp"

// `sense deadletters`: what a gateway could not deliver. Main thread only.
namespace sense::cli {

// As typed.
struct DeadLetterOptions {
  std::string gateway;  // its name in the configuration
  std::int64_t id = 0;
  std::string subscription;
  std::string since;  // RFC 3339
  bool all = false;
  bool expired = false;     // list: what has expired instead
  std::int64_t after = 0;   // list: ids behind this one
  std::uint64_t limit = 0;  // list: so many; 0: all
  std::string timeout = "30s";
};
// REQUIRES: `since` was checked.
[[nodiscard]] DeadLetterSelection selection_of(const DeadLetterOptions& options);

// Requests of the gateway, over the bus, to redrive or purge what is selected, and waits for the
// outcome. Answers the exit code.
[[nodiscard]] int request_of_gateway(const Global& global, DeadLetterAction action,
                                     const DeadLetterOptions& options);

}  // namespace sense::cli

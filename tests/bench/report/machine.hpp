// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sense::bench {

// What metrics depend on. A plain value.
struct Machine {
  std::string processor;
  unsigned cores = 0;
  std::string kernel;
  std::string disk;  // of the data folder: "ext4 on vda"
};

// Asks the kernel; "unknown" for what it does not say.
[[nodiscard]] Machine this_machine(const std::string& folder);

// Whether files in that folder are in memory, where a sync costs nothing.
[[nodiscard]] bool in_memory(const std::string& folder);

}  // namespace sense::bench

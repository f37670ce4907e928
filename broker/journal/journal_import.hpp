// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/error.hpp"

namespace sense {

struct JournalImport {
  std::uint64_t groups = 0;
  std::uint64_t events = 0;
  std::uint64_t there_already = 0;  // groups that an interrupted import had brought
  std::uint64_t registry_entries = 0;
  std::uint64_t first = 0;  // of the journal afterwards
  std::uint64_t last = 0;
};

// Brings an export (docs/journal-file.md) into the broker's folder `data`, which is made when it is
// not there and locked meanwhile: an empty one, or one whose journal it joins on to. The registry
// becomes that of the file. The file is read to its end first: of a damaged one nothing is
// imported. What was imported is on stable storage when this returns; killed in between, the same
// call again does the rest. `progress` is called with octets of two passes over the file.
[[nodiscard]] Result<JournalImport> import_journal(
    const std::string& data, const std::string& path,
    const std::function<void(std::uint64_t done, std::uint64_t all)>& progress);

}  // namespace sense

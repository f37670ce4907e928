// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/error.hpp"

namespace sense {

// What an import did.
struct JournalImport {
  std::uint64_t groups = 0;
  std::uint64_t events = 0;
  std::uint64_t there_already = 0;  // groups that an interrupted import had stored
  std::uint64_t registry_entries = 0;
  std::uint64_t first = 0;  // sequences of the journal afterwards
  std::uint64_t last = 0;
};

// Imports an export (docs/journal-file.md) into the broker's folder `data`, which is created when
// absent and locked meanwhile. The folder must be empty, or the export must continue its journal.
// The registry is replaced by that of the file. The file is verified in a first pass: nothing of a
// damaged file is imported. Everything imported is on stable storage when this returns; after an
// interruption, the same call completes the import. `progress` is called with octets of two passes.
// Blocks; any thread.
[[nodiscard]] Result<JournalImport> import_journal(
    const std::string& data, const std::string& path,
    const std::function<void(std::uint64_t done, std::uint64_t all)>& progress);

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/journal/journal_view.hpp"
#include "cli/base/command.hpp"

// `sense journal`: works on the broker's file without the broker. Main thread only; a failure
// leaves the file as it was.
namespace sense::cli {

// The broker's folder: of the configuration, or below --data, or --data itself when the file is
// there; with --data no configuration is needed.
[[nodiscard]] Result<std::string> journal_folder(const Global& global);
[[nodiscard]] Result<JournalView> open_journal(const Global& global);

// Reports progress on standard error every two seconds.
[[nodiscard]] JournalView::Progress progress_of(const std::string& what);

// As typed; the patterns were checked. A pure value.
struct JournalDumpOptions {
  std::uint64_t from = 1;  // sequences, both included
  std::uint64_t to = UINT64_MAX;
  std::uint64_t limit = 0;  // events; 0: all
  std::vector<std::string> types;
  std::vector<std::string> sources;
};
// Prints what is selected. Answers the exit code.
[[nodiscard]] int dump_journal(const Global& global, const JournalDumpOptions& options);

}  // namespace sense::cli

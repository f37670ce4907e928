// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "tests/bench/harness/children.hpp"

namespace sense::bench {

// A new folder in which this process works, removed at the end. One at a time.
class WorkFolder {
 public:
  WorkFolder() = default;
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  [[nodiscard]] Status enter(const std::string& parent);

 private:
  std::filesystem::path before_;
  std::filesystem::path path_;
};

// Starts a server that works in this folder; what it says goes to a file of its own there.
[[nodiscard]] Result<pid_t> start_server(Children& children,
                                         const std::vector<std::string>& command);
// The same of `sense WORDS --config CONFIG`, this executable; `plugins`: their folder, or empty.
[[nodiscard]] Result<pid_t> start_sense(Children& children, const std::vector<std::string>& words,
                                        const std::string& config, const std::string& plugins = {});
// "; a server's last words: ..." for each of them that said something, for messages.
[[nodiscard]] std::string last_words_of_servers();

}  // namespace sense::bench

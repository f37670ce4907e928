// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

// Small files as a whole, and files that hold secrets: these are read only when other users can
// neither read nor change them. A secret never appears in arguments, environment, logs or messages.
// Functions of any thread; they block.
namespace sense {

// All octets of a file that a person names: a regular file, a pipe or a device, for whose writer it
// waits. Fails with notfound, noaccess, badparam (a folder), datatoobig (more than `octets_max`; no
// more than that is kept) or system; the sentence begins with the path.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t octets_max);

// The kind of file, for messages.
struct FileWords {
  std::string what;         // "key file"
  std::string how_to_make;  // "make one with `sense keys new NAME --file shop.key`"
  std::size_t octets_max = 4096;
};

// The octets of a regular file of at most octets_max. Refuses a file that is owned by other users
// than this one and root, or that group or others may access. Fails with notfound when it is
// absent. Never waits for a writer.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& path, const FileWords& words);
// The same without a check of owner and permissions.
[[nodiscard]] Result<std::string> read_public_file(const std::string& path, const FileWords& words);

// Writes a new file that only its owner may read (0600), and syncs it. Fails with duplicate,
// without changing the file, when it exists. A partly written file is removed.
[[nodiscard]] Status write_secret_file(const std::string& path, std::string_view text);

// Detects changes of a file. One thread.
class FileWatch {
 public:
  explicit FileWatch(std::string path) : path_(std::move(path)) {}
  // True at the first call and after each change of inode, size or time. A file written within the
  // last 100 ms counts as changed at the next call, too, since another write within the same tick
  // of the file's clock would not be visible.
  [[nodiscard]] bool changed(WallTime now);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct State {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;
    std::int64_t changed = 0;  // nanoseconds
    friend bool operator==(const State&, const State&) = default;
  };
  [[nodiscard]] State look() const;

  std::string path_;
  State seen_;
  bool looked_ = false;
};

}  // namespace sense

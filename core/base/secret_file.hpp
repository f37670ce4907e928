// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

// Files that hold secrets: read only when nobody else could have read or changed them. A secret
// comes from such a file and goes nowhere else: never into arguments, environment, logs or
// messages.
namespace sense {

// What a file is to be, for messages.
struct FileWords {
  std::string what;         // "key file"
  std::string how_to_make;  // "make one with `sense keys new NAME --file shop.key`"
  std::size_t octets_max = 4096;
};

// The octets of a regular file of at most octets_max. Refuses one that is not this user's or
// root's, or that group or others may read or write. notfound when it is not there. Never waits for
// a writer.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& path, const FileWords& words);
// Likewise, whoever may read it.
[[nodiscard]] Result<std::string> read_public_file(const std::string& path, const FileWords& words);

// Writes a new file that only its owner may read (0600), synced. Fails with duplicate, and leaves
// what is there, when the file exists. What the disk could not take is removed.
[[nodiscard]] Status write_secret_file(const std::string& path, std::string_view text);

// Whether a file has changed since it was looked at last. One thread.
class FileWatch {
 public:
  explicit FileWatch(std::string path) : path_(std::move(path)) {}
  // True the first time, and after each change: another file, size or time of change. What was
  // written within the last 100 ms counts as changed once more, since it may be written again
  // within the same tick of the file's clock.
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

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "core/base/error.hpp"

namespace sense {

// A program's own folder, made when it is not there and locked as long as this lives: two processes
// on one store would be a disaster, so the second is refused. The kernel lets go when the process
// dies.
class FolderLock {
 public:
  // `owner` stands in messages: "broker", "gateway http".
  [[nodiscard]] static Result<FolderLock> take(const std::string& folder, const std::string& owner);
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace sense

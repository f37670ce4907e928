// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "core/base/error.hpp"

namespace sense {

// Locks a program's folder, which is created when absent: two processes on one store would destroy
// it, so the second is refused (addrnotavail; noaccess when the folder cannot be written). Does not
// wait. Held until destruction; the kernel releases it when the process ends, however it does. Any
// thread.
class FolderLock {
 public:
  // `owner` is used in messages: "broker", "gateway http".
  [[nodiscard]] static Result<FolderLock> take(const std::string& folder, const std::string& owner);
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace sense

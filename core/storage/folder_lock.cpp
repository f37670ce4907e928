// SPDX-License-Identifier: Apache-2.0
#include "core/storage/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

namespace sense {

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<FolderLock> FolderLock::take(const std::string& folder, const std::string& owner) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  FolderLock lock(::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.fd_ < 0)
    return fail(Code::noaccess, owner + ": the folder " + folder +
                                    " cannot be written: create it for this user, or set "
                                    "another with the key `data`");
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0)
    return fail(Code::addrnotavail, owner + ": another process runs on " + folder +
                                        ": stop it, or set another folder with the key `data`");
  return lock;
}

}  // namespace sense

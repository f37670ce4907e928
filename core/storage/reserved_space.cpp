// SPDX-License-Identifier: Apache-2.0
#include "core/storage/reserved_space.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

namespace sense {

std::uint64_t ReservedSpace::held() const {
  struct stat there {};
  return ::stat(path_.c_str(), &there) == 0 ? static_cast<std::uint64_t>(there.st_size) : 0;
}

bool ReservedSpace::hold() { return held() >= octets_ || grow(octets_, octets_ / 4); }

bool ReservedSpace::release() {
  released_ = held();
  return ::unlink(path_.c_str()) == 0;
}

// What was released may have been a part only, or nothing.
bool ReservedSpace::take_back() { return grow(released_, 0) || hold(); }

bool ReservedSpace::grow(std::uint64_t octets, std::uint64_t spare) {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  struct statvfs disk {};
  const auto free = ::fstatvfs(fd, &disk) == 0 ? disk.f_bavail * disk.f_frsize : 0;
  const auto reachable = held() + free;
  if (reachable >= octets + spare || spare == 0)
    // A later call tries again.
    (void)::posix_fallocate(fd, 0, static_cast<off_t>(std::min<std::uint64_t>(octets, reachable)));
  ::close(fd);
  if (held() == 0) ::unlink(path_.c_str());
  return held() >= octets_;
}

}  // namespace sense

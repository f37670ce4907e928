#include "core/storage/ballast.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace sense {

void Ballast::hold() {
  struct stat there {};
  if (::stat(path_.c_str(), &there) == 0 && static_cast<std::uint64_t>(there.st_size) >= octets_)
    return;
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return;
  struct statvfs disk {};
  const bool room = ::fstatvfs(fd, &disk) == 0 && disk.f_bavail * disk.f_frsize / 4 >= octets_;
  const bool held = room && ::posix_fallocate(fd, 0, static_cast<off_t>(octets_)) == 0;
  ::close(fd);
  if (!held) ::unlink(path_.c_str());
}

bool Ballast::release() { return ::unlink(path_.c_str()) == 0; }

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "core/storage/append_line.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/base/text.hpp"

namespace sense {

namespace {

struct OpenFile {
  explicit OpenFile(const std::string& path, int flags)
      : fd(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  const int fd;
};

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

bool write_all(int fd, std::string_view octets) {
  while (!octets.empty()) {
    const auto written = ::write(fd, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// 0, or the errno.
int append_durably(const OpenFile& file, const OpenFile& folder, std::string line) {
  struct stat before {};
  if (file.fd < 0 || folder.fd < 0 || ::fstat(file.fd, &before) != 0) return errno;
  if (!S_ISREG(before.st_mode)) return EINVAL;
  char last = '\n';
  if (before.st_size > 0 && ::pread(file.fd, &last, 1, before.st_size - 1) != 1) return EIO;
  if (last != '\n') line.insert(0, 1, '\n');
  line += '\n';
  const bool is_new = before.st_size == 0;
  if (write_all(file.fd, line) && ::fsync(file.fd) == 0 && (!is_new || ::fsync(folder.fd) == 0))
    return 0;
  const int failure = errno;
  return ::ftruncate(file.fd, before.st_size) == 0 ? failure : errno;
}

}  // namespace

Status append_line(const std::string& path, std::string line) {
  const OpenFile folder(folder_of(path), O_RDONLY | O_DIRECTORY);
  const OpenFile file(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
  const int failure = append_durably(file, folder, std::move(line));
  if (failure == 0) return {};
  const auto code = failure == ENOSPC || failure == EDQUOT ? Code::nomoreroom : Code::system;
  return fail(code, "cannot append to " + printable(path) + ": " +
                        std::generic_category().message(failure));
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "core/base/text.hpp"

namespace sense {

namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> cannot_read(const std::string& path, int error) {
  const auto code = error == ENOENT || error == ENOTDIR ? Code::notfound
                    : error == EACCES || error == EPERM ? Code::noaccess
                    : error == EISDIR                   ? Code::badparam
                                                        : Code::system;
  const auto reason =
      error == EISDIR ? std::string("it is a folder; name a file") : reason_of(error);
  return fail(code, printable(path) + " cannot be read: " + reason);
}

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// Checks the opened file, since the path may name another one later.
Status check_owner(const struct stat& found, const std::string& path, const FileWords& words) {
  const std::string shown = "the " + words.what + " " + printable(path);
  if (found.st_uid != ::geteuid() && found.st_uid != 0)
    return fail(Code::noaccess, shown + " belongs to another user, who knows the secret in it: " +
                                    words.how_to_make + " as this user");
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Code::noaccess, shown + " can be read or changed by others: run `chmod 600 " +
                                    printable(path) +
                                    "`, and if other users may have read it, make a new one");
  return {};
}

Result<std::string> read_file(const std::string& path, const FileWords& words, bool secret) {
  const std::string shown = "the " + words.what + " " + printable(path);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    const auto code = errno == ENOENT ? Code::notfound : Code::noaccess;
    return fail(code, shown + " cannot be read: " + reason_of(errno) + ": " +
                          (errno == ENOENT ? words.how_to_make : "check its permissions"));
  }
  struct stat found {};
  if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode))
    return fail(Code::badparam, shown + " is not a regular file: " + words.how_to_make);
  if (secret)
    if (auto good = check_owner(found, path, words); !good) return tl::unexpected(good.error());
  std::string text(words.octets_max + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Code::system, shown + " cannot be read: " + reason_of(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > words.octets_max)
    return fail(Code::badparam, shown + " is longer than " + std::to_string(words.octets_max) +
                                    " octets, so it is no " + words.what + ": " +
                                    words.how_to_make);
  text.resize(size);
  return text;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t octets_max) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (!file) return cannot_read(path, errno);
  std::string text;
  std::array<char, 64 * 1024> piece{};
  while (const auto got = std::fread(piece.data(), 1, piece.size(), file.get())) {
    if (text.size() + got > octets_max)
      return fail(Code::datatoobig,
                  printable(path) + " has more than " + std::to_string(octets_max) + " octets");
    text.append(piece.data(), got);
  }
  // A folder can be opened; its first read fails.
  if (std::ferror(file.get()) != 0) return cannot_read(path, errno);
  return text;
}

Result<std::string> read_secret_file(const std::string& path, const FileWords& words) {
  return read_file(path, words, true);
}

Result<std::string> read_public_file(const std::string& path, const FileWords& words) {
  return read_file(path, words, false);
}

Status write_secret_file(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                               S_IRUSR | S_IWUSR));
  if (file.get() < 0 && errno == EEXIST)
    return fail(Code::duplicate, printable(path) +
                                     " is there already and is not overwritten: name another with "
                                     "--file, or remove it if that key is not in use any more");
  if (file.get() < 0)
    return fail(Code::system, printable(path) + " cannot be written: " + reason_of(errno) +
                                  ": name another place with --file");
  if (write_all(file.get(), text)) return {};
  const auto error = errno;
  ::unlink(path.c_str());
  return fail(Code::system, printable(path) + " cannot be written: " + reason_of(error));
}

FileWatch::State FileWatch::look() const {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) return {};
  const auto nanoseconds = [](const timespec& time) {
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
  };
  return {found.st_dev, found.st_ino, found.st_size,
          std::max(nanoseconds(found.st_mtim), nanoseconds(found.st_ctim))};
}

bool FileWatch::changed(WallTime now) {
  constexpr std::int64_t tick = 100'000'000;
  const auto state = look();
  if (looked_ && state == seen_) return false;
  looked_ = true;
  seen_ = to_micros(now) * 1000 - state.changed > tick ? state : State{};
  return true;
}

}  // namespace sense

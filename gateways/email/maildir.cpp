// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/maildir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/base/clock.hpp"
#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::email {

namespace {

constexpr std::size_t name_length_max = 200;

class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] bool good() const { return fd_ >= 0; }
  [[nodiscard]] bool sync() const { return ::fsync(fd_) == 0; }
  [[nodiscard]] bool write(std::string_view octets) const {
    while (!octets.empty()) {
      const auto written = ::write(fd_, octets.data(), octets.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

 private:
  int fd_;
};

tl::unexpected<Error> refuse(const char* what, const std::string& path) {
  const int error = errno;
  const auto code = error == ENOSPC || error == EDQUOT ? Code::nomoreroom : Code::system;
  return fail(code,
              std::string("maildir: cannot ") + what + " " + path + ": " + std::strerror(error));
}

Status sync_folder(const std::string& path) {
  const File folder(path, O_RDONLY | O_DIRECTORY);
  if (!folder.good() || !folder.sync()) return refuse("sync the folder", path);
  return {};
}

// A new folder survives a power loss only when the one that holds it is synced.
Status make_folder(const std::string& path, const std::string& parent) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_folder(parent);
  if (errno != EEXIST) return refuse("make the folder", path);
  return {};
}

Status make_mailbox(const std::string& root, const std::string& box) {
  if (auto made = make_folder(box, root); !made) return made;
  for (const char* part : {"/cur", "/new", "/tmp"})
    if (auto made = make_folder(box + part, box); !made) return made;
  return {};
}

std::string with_lf(std::string_view message) {
  std::string text;
  text.reserve(message.size());
  for (std::size_t at = 0; at < message.size(); ++at)
    if (message[at] != '\r' || !message.substr(at).starts_with("\r\n")) text += message[at];
  return text;
}

std::string host_name() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  name.resize(std::strlen(name.c_str()));
  for (auto& c : name)
    if (c == '/' || c == ':') c = '_';
  return name.empty() ? "localhost" : name;
}

// Unique over all processes and machines that write to this mailbox; sorts by time.
std::string file_name() {
  const auto micros = to_micros(system_clock().now().wall);
  return std::to_string(micros / 1'000'000) + ".M" + std::to_string(micros % 1'000'000) + "R" +
         random_token(80) + "." + host_name();
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

// Whether the folder has that many entries.
bool has_entries(const std::string& path, std::size_t count) {
  std::error_code error;
  std::size_t seen = 0;
  for (std::filesystem::directory_iterator at(path, error), end; !error && at != end;
       at.increment(error))
    if (++seen >= count) return true;
  return false;
}

Status store(const std::string& root, const std::string& box, std::string_view message) {
  if (auto made = make_mailbox(root, box); !made) return made;
  const auto name = file_name();
  const auto temporary = box + "/tmp/" + name;
  {
    const File file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (!file.good()) return refuse("make", temporary);
    if (!file.write(with_lf(message)) || !file.sync()) {
      auto refusal = refuse("write", temporary);
      ::unlink(temporary.c_str());
      return refusal;
    }
  }
  const auto final = box + "/new/" + name;
  if (::rename(temporary.c_str(), final.c_str()) != 0) {
    auto refusal = refuse("move the message to", final);
    ::unlink(temporary.c_str());
    return refusal;
  }
  return sync_folder(box + "/new");
}

}  // namespace

std::string folder_name(std::string_view address) {
  auto name = percent_encode(address, [](char c) {
    return is_alphanumeric(c) || std::string_view("_-+@.").find(c) != std::string_view::npos;
  });
  if (name.starts_with('.')) name.replace(0, 1, "%2E");
  return name.size() <= name_length_max ? name : sha256_hex(address);
}

Status Maildir::open() const {
  if (::mkdir(root_.c_str(), 0700) != 0 && errno != EEXIST) return refuse("make the folder", root_);
  if (::access(root_.c_str(), W_OK | X_OK) != 0) return refuse("write to the folder", root_);
  return sync_folder(root_);
}

Status Maildir::deliver(const std::string& address, std::string_view message) const {
  const auto box = root_ + "/" + folder_name(address);
  if (!is_folder(box) && has_entries(root_, mailboxes_max_))
    return refuse_room("there are " + std::to_string(mailboxes_max_) + " mailboxes in " + root_ +
                       " (max-mailboxes)");
  return store(root_, box, message);
}

Status Maildir::deliver_question(const std::string& address, std::string_view message) const {
  const auto own = root_ + "/" + folder_name(address);
  if (is_folder(own)) return store(root_, own, message);
  const auto box = root_ + "/" + questions;
  if (has_entries(box + "/new", questions_max))
    return refuse_room("too many questions lie unread in " + box);
  return store(root_, box, message);
}

Status Maildir::refuse_room(const std::string& what) const {
  ++*no_room_;
  return fail(Code::nomoreroom, "maildir: " + what);
}

}  // namespace sense::email

// SPDX-License-Identifier: Apache-2.0
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/base/command.hpp"
#include "cli/base/loop.hpp"
#include "cli/base/output.hpp"
#include "cli/listen/listen_options.hpp"
#include "cli/listen/mail_headers.hpp"
#include "cli/listen/received_event.hpp"

namespace sense::cli {

namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;

constexpr std::size_t message_read_max = 1024 * 1024;

// Reads the `new` folder of every mailbox below a folder. inotify only triggers the reading; each
// time the folders are listed anew, so that a lost notification does no harm.
class MaildirListener {
 public:
  MaildirListener(Loop& loop, const ListenOptions& options, fs::path folder, int notify)
      : loop_(loop),
        received_(loop, options),
        folder_(std::move(folder)),
        notify_(loop.io(), notify) {}

  void start() {
    look(false);
    say("waiting for mail in " + folder_.string() + "/*/new");
    wait();
  }

 private:
  void wait() {
    notify_.async_wait(
        asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
          if (error) return;
          std::array<char, 4096> ignored{};
          while (::read(notify_.native_handle(), ignored.data(), ignored.size()) > 0) {
          }
          look(true);
          wait();
        });
  }

  // Watches are set before a folder is read: a message in between is seen twice, but not missed.
  void look(bool tell) {
    std::error_code error;
    auto existing = folder_;
    while (!fs::is_directory(existing, error) && existing.has_relative_path())
      existing = existing.parent_path();
    watch(existing);
    for (const auto& mailbox : entries(folder_)) {
      watch(mailbox);
      watch(mailbox / "new");
      for (const auto& message : entries(mailbox / "new"))
        if (seen_.insert(message.string()).second && tell) print(message);
    }
  }

  void watch(const fs::path& folder) {
    ::inotify_add_watch(notify_.native_handle(), folder.c_str(),
                        IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
  }

  static std::vector<fs::path> entries(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
      found.push_back(at->path());
    std::sort(found.begin(), found.end());
    return found;
  }

  void print(const fs::path& message) {
    std::ifstream in(message, std::ios::binary);
    std::string octets(message_read_max, '\0');
    in.read(octets.data(), static_cast<std::streamsize>(octets.size()));
    octets.resize(static_cast<std::size_t>(in.gcount()));
    received_.add(event_of_mail(octets));
  }

  Loop& loop_;
  ReceivedEvents received_;
  fs::path folder_;
  asio::posix::stream_descriptor notify_;
  std::set<std::string> seen_;
};

}  // namespace

int listen_maildir(const ListenOptions& options) {
  if (!options.types.empty() || !options.sources.empty())
    return refused("--type and --source are for subscribing, and maildir: only looks at mail");
  const auto path = options.uri.substr(std::string_view("maildir:").size());
  if (path.empty()) return refused("maildir: needs a folder, such as maildir:/var/lib/sense/mail");
  const int notify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (notify < 0) return failed("inotify is not available: see fs.inotify.max_user_instances");
  Loop loop;
  MaildirListener listener(loop, options, fs::absolute(path).lexically_normal(), notify);
  listener.start();
  return loop.run();
}

}  // namespace sense::cli

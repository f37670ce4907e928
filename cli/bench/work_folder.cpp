#include "cli/bench/work_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "core/base/text.hpp"

namespace sense::bench {

namespace {

namespace fs = std::filesystem;

constexpr auto server_log = "server.log";

}  // namespace

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  fs::current_path(before_, ignored);
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Status WorkFolder::enter(const std::string& parent) {
  std::error_code error;
  before_ = fs::current_path(error);
  auto name = (fs::absolute(parent, error) / "sense-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    return fail(Code::system, "no folder can be made in " + printable(parent) + ": " +
                                  std::strerror(errno) + "; name another with --data");
  path_ = name;
  fs::current_path(path_, error);
  return {};
}

Result<pid_t> start_server(Children& children, const std::vector<std::string>& command) {
  const int log = ::open(server_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0)
    return fail(Code::system,
                std::string("the server's log cannot be written: ") + std::strerror(errno));
  auto started = children.run(command.front(), command, log, log);
  ::close(log);
  return started;
}

std::string last_words_of_server() {
  std::ifstream file(server_log);
  std::string last;
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) last = line;
  return last.empty() ? "" : "; the server's last words: " + printable(last);
}

}  // namespace sense::bench

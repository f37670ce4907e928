// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/harness/work_folder.hpp"

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

std::string server_log(int number) { return "server-" + std::to_string(number) + ".log"; }

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
  // A file for each: the last line of a shared one may be that of the server that is well.
  int number = 1;
  int log = -1;
  do log = ::open(server_log(number++).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  while (log < 0 && errno == EEXIST);
  if (log < 0)
    return fail(Code::system,
                std::string("the server's log cannot be written: ") + std::strerror(errno));
  auto started = children.run(command.front(), command, log, log);
  ::close(log);
  return started;
}

Result<pid_t> start_sense(Children& children, const std::vector<std::string>& words,
                          const std::string& config, const std::string& plugins) {
  std::vector<std::string> command{"/proc/self/exe"};
  command.insert(command.end(), words.begin(), words.end());
  command.insert(command.end(), {"--config", config});
  if (!plugins.empty()) command.insert(command.end(), {"--plugins", plugins});
  return start_server(children, command);
}

std::string last_words_of_servers() {
  std::string words;
  for (int number = 1; fs::exists(server_log(number)); ++number) {
    std::ifstream file(server_log(number));
    std::string last;
    for (std::string line; std::getline(file, line);)
      if (!line.empty()) last = line;
    if (!last.empty()) words += "; a server's last words: " + printable(last);
  }
  return words;
}

}  // namespace sense::bench

// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/harness/children.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/base/text.hpp"

namespace sense::bench {

namespace {

constexpr auto stop_deadline = std::chrono::seconds{10};
constexpr int exit_no_program = 127;

std::string how_child_ended(int status) {
  const bool absent = WIFEXITED(status) && WEXITSTATUS(status) == exit_no_program;
  return absent ? "at once: there is no such program" : "with " + cli::how_it_ended(status);
}

}  // namespace

Children::~Children() {
  for (const auto& [pid, name] : names_) ::kill(pid, SIGKILL);
  for (const auto& [pid, name] : names_) ::waitpid(pid, nullptr, 0);
}

Result<pid_t> Children::start(const std::string& name, int death_signal,
                              const std::function<int()>& child) {
  std::fflush(nullptr);
  const auto pid = cli::fork_child(signals_, death_signal, child);
  if (pid < 0)
    return fail(Code::system,
                "no process can be started for " + name + ": " + std::strerror(errno));
  names_[pid] = name;
  return pid;
}

Result<pid_t> Children::run(const std::string& name, const std::function<Status()>& role) {
  // SIGTERM would wait in one that is stopped.
  return start(name, SIGKILL, [&] {
    ::prctl(PR_SET_NAME, ("bench:" + name).c_str());
    const auto ended = role();
    if (!ended) std::fprintf(stderr, "sense: %s\n", printable(ended.error().message).c_str());
    return ended ? 0 : 1;
  });
}

Result<pid_t> Children::run(const std::string& name, const std::vector<std::string>& command,
                            int out, int error) {
  std::vector<const char*> words;
  for (const auto& word : command) words.push_back(word.c_str());
  words.push_back(nullptr);
  return start(name, SIGTERM, [&] {
    ::dup2(out, STDOUT_FILENO);
    ::dup2(error, STDERR_FILENO);
    ::execvp(words.front(), const_cast<char* const*>(words.data()));
    return exit_no_program;
  });
}

void Children::wait_for_signals(Duration duration) {
  for (auto number = signals_.next(duration); number; number = signals_.next({}))
    told_to_stop_ = told_to_stop_ || *number != SIGCHLD;
}

Status Children::pause(Duration duration) {
  wait_for_signals(duration);
  if (told_to_stop_) return fail(Code::interrupted, "stopped before the end");
  return reap();
}

Status Children::reap() {
  Status all_well;
  for (auto child = names_.begin(); child != names_.end();) {
    int status = 0;
    const auto [pid, name] = *child;
    ++child;
    if (::waitpid(pid, &status, WNOHANG) != pid) continue;
    names_.erase(pid);
    if (status != 0) all_well = fail(Code::system, name + " ended " + how_child_ended(status));
  }
  return all_well;
}

void Children::stop(pid_t pid) {
  if (!running(pid)) return;
  ::kill(pid, SIGTERM);
  const auto deadline = system_clock().now().mono + stop_deadline;
  while (running(pid) && system_clock().now().mono < deadline) {
    wait_for_signals(std::chrono::milliseconds{100});
    if (::waitpid(pid, nullptr, WNOHANG) == pid) names_.erase(pid);
  }
  if (!running(pid)) return;
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  names_.erase(pid);
}

}  // namespace sense::bench

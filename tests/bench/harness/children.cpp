// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/harness/children.hpp"

#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/base/check.hpp"
#include "core/base/text.hpp"

namespace sense::bench {

namespace {

constexpr auto stop_deadline = std::chrono::seconds{10};
constexpr int exit_no_program = 127;

sigset_t watched() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD}) ::sigaddset(&set, number);
  return set;
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "by signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) == exit_no_program) return "at once: there is no such program";
  return "with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Children::Children() {
  const auto set = watched();
  ::sigprocmask(SIG_BLOCK, &set, &before_);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  SENSE_CHECK(signals_ >= 0);
}

Children::~Children() {
  for (const auto& [pid, name] : names_) ::kill(pid, SIGKILL);
  for (const auto& [pid, name] : names_) ::waitpid(pid, nullptr, 0);
  ::close(signals_);
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

Result<pid_t> Children::start(const std::string& name, int death_signal,
                              const std::function<int()>& child) {
  std::fflush(nullptr);
  const auto parent = ::getpid();
  const auto pid = ::fork();
  if (pid < 0)
    return fail(Code::system,
                "no process can be started for " + name + ": " + std::strerror(errno));
  if (pid > 0) {
    names_[pid] = name;
    return pid;
  }
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, death_signal);
  // The parent may have died in between, and then no signal would come any more.
  if (::getppid() != parent) ::_exit(1);
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  ::_exit(child());
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
  pollfd ready{signals_, POLLIN, 0};
  ::poll(&ready, 1, static_cast<int>(duration / std::chrono::milliseconds{1}));
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == sizeof info)
    told_to_stop_ = told_to_stop_ || info.ssi_signo != SIGCHLD;
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
    if (status != 0) all_well = fail(Code::system, name + " ended " + how_it_ended(status));
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

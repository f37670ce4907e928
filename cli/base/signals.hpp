// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>

#include "core/base/clock.hpp"

// What every process of ours that runs others, or runs for long, needs of signals. In a header
// alone, because the benchmark uses it without the rest of `cli`.
namespace sense::cli {

// A program that was started with nohup is not to be ended by SIGHUP.
inline bool hangup_ignored() {
  struct sigaction now {};
  return ::sigaction(SIGHUP, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

// Signals that are taken from the kernel's queue, and interrupt nothing: they are blocked from
// construction on, in this thread and in every one that it starts later, so construct this before
// other threads. SIGHUP is left alone when it was ignored at the start. Any thread may call next().
class SignalQueue {
 public:
  explicit SignalQueue(std::initializer_list<int> numbers) {
    ::sigemptyset(&set_);
    for (const int number : numbers)
      if (number != SIGHUP || !hangup_ignored()) ::sigaddset(&set_, number);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~SignalQueue() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  // The next one; nothing when none has come after that time. Not above some years.
  [[nodiscard]] std::optional<int> next(Duration at_most) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(std::max(at_most, Duration{0}));
    const auto rest = std::chrono::nanoseconds(std::max(at_most, Duration{0}) - seconds);
    const timespec time{seconds.count(), static_cast<long>(rest.count())};
    const int number = ::sigtimedwait(&set_, nullptr, &time);
    return number > 0 ? std::optional(number) : std::nullopt;
  }
  // What was blocked before: what a child is to begin with.
  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

// "HUP", or the number of a signal without a name.
inline std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? name : std::to_string(number);
}

// "signal KILL", "exit code 2": of a status that waitpid() gave.
inline std::string how_it_ended(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "signal " + signal_name(WTERMSIG(wait_status));
  return "exit code " + std::to_string(WEXITSTATUS(wait_status));
}

// Runs `child` in a process of its own, which ends with what that returns. It is in a group of its
// own, so that Ctrl-C reaches the parent only, gets `death_signal` when the parent dies, however it
// dies, and blocks what `signals` found blocked. The parent's answer is fork()'s.
template <class Child>
[[nodiscard]] pid_t fork_child(const SignalQueue& signals, int death_signal, const Child& child) {
  const auto parent = ::getpid();
  const auto pid = ::fork();
  if (pid != 0) return pid;
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, death_signal);
  // The parent may have died in between, and then no signal would come any more.
  if (::getppid() != parent) ::_exit(1);
  ::sigprocmask(SIG_SETMASK, &signals.before(), nullptr);
  ::_exit(child());
}

}  // namespace sense::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/base/signals.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense::cli {

// How long to wait before a child that died is started again: the first time not at all, then
// pauses that double up to five seconds; ten seconds of running reset them. Pure.
class RestartPauses {
 public:
  static constexpr Duration first = std::chrono::milliseconds{250};
  static constexpr Duration longest = std::chrono::seconds{5};
  static constexpr Duration trusted_after = std::chrono::seconds{10};

  // The child ran that long and died; how long to wait.
  [[nodiscard]] Duration next(Duration ran);

 private:
  Duration pause_{0};
};

// One program to keep running.
struct ChildSpec {
  std::string name;                    // "gateway http", for people
  std::vector<std::string> arguments;  // of this same executable, without argv[0]
  int stage = 0;                       // stages stop in order; all of one before the next
};

// Keeps child processes of this executable running until SIGINT or SIGTERM; other signals of the
// queue are logged. One thread; forks, so run it while the process has no other. Ends only
// processes that it started itself. They get SIGTERM when this process dies, however it dies.
class Supervisor {
 public:
  static constexpr Duration stop_deadline = std::chrono::seconds{10};  // for each stage
  // What the queue that it is given must hold.
  static constexpr std::initializer_list<int> watched{SIGINT, SIGTERM, SIGCHLD,
                                                      SIGHUP, SIGUSR1, SIGUSR2};

  // `signals` must outlive it. `pids_file`: where names and ids are written as JSON at each change
  // (docs/operations.md); empty: nowhere.
  Supervisor(const SignalQueue& signals, std::vector<ChildSpec> specs, std::string pids_file);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Fails when a child cannot be started at all, or refuses its configuration the first time that
  // it runs. All children are gone when it returns.
  [[nodiscard]] Status run();

 private:
  struct Child {
    ChildSpec spec;
    pid_t pid = 0;     // 0: not running
    MonoTime since{};  // start when running, otherwise when to start
    RestartPauses pauses;
    std::uint64_t starts = 0;
  };

  [[nodiscard]] Status start(Child& child);
  [[nodiscard]] Status start_due();
  [[nodiscard]] Status reap();
  [[nodiscard]] Status died(Child& child, int wait_status);
  [[nodiscard]] Status serve();
  void wait_until(MonoTime deadline);
  void stop_all();
  void stop_stage(int stage);
  void signal_stage(int stage, int number) const;
  [[nodiscard]] bool running(int stage) const;
  [[nodiscard]] MonoTime next_due() const;
  void write_pids() const;

  const SignalQueue& signals_;
  std::vector<Child> children_;
  std::string pids_file_;
  unsigned stops_ = 0;  // SIGINT and SIGTERM so far
};

}  // namespace sense::cli

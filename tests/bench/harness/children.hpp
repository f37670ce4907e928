// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/base/signals.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense::bench {

// Processes that live no longer than this object, nor than this process. Make it while the process
// has one thread only: it blocks SIGINT, SIGTERM and SIGCHLD and looks for them in pause(). The
// children are in groups of their own, so that Ctrl-C reaches this process alone.
class Children {
 public:
  Children() = default;
  ~Children();  // kills what still runs
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  // A copy of this process that runs `role` and ends; what the role fails with is printed. `role`
  // must not return while it has threads that it cannot do without.
  [[nodiscard]] Result<pid_t> run(const std::string& name, const std::function<Status()>& role);
  // Another program, looked for in $PATH; standard output and error go to those descriptors.
  [[nodiscard]] Result<pid_t> run(const std::string& name, const std::vector<std::string>& command,
                                  int out, int error);

  // Waits that long, less when a child ends. Fails when this process was told to stop, or when a
  // child that was not stopped by stop() ended otherwise than with exit code 0.
  [[nodiscard]] Status pause(Duration duration);
  [[nodiscard]] bool running(pid_t pid) const { return names_.contains(pid); }
  // SIGTERM, and SIGKILL for what has not ended ten seconds later.
  void stop(pid_t pid);

 private:
  [[nodiscard]] Result<pid_t> start(const std::string& name, int death_signal,
                                    const std::function<int()>& child);
  void wait_for_signals(Duration duration);
  [[nodiscard]] Status reap();

  cli::SignalQueue signals_{SIGINT, SIGTERM, SIGCHLD};
  bool told_to_stop_ = false;
  std::map<pid_t, std::string> names_;
};

}  // namespace sense::bench

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

#include "cli/base/signals.hpp"

namespace sense::cli {

// Logs that SIGHUP, SIGUSR1 or SIGUSR2 came and changes nothing. What can be read again while a
// process runs (access file, shared keys, certificates) is, without a signal.
void log_restart_needed(int number);

// The signals of a process with threads. Construct it before any other thread. SIGINT and SIGTERM
// stop: `stop` is called for the first, on a thread of its own, and a second one ends the process
// at once, with exit_failed. SIGHUP, SIGUSR1 and SIGUSR2 are logged.
class DaemonSignals {
 public:
  DaemonSignals() = default;
  ~DaemonSignals();
  DaemonSignals(const DaemonSignals&) = delete;
  DaemonSignals& operator=(const DaemonSignals&) = delete;

  // Once. `stop` must be callable until this is destroyed. What came before is handled now.
  void call(std::function<void()> stop);

 private:
  void wait(const std::stop_token& ended, const std::function<void()>& stop) const;

  // SIGRTMIN only wakes the thread.
  SignalQueue signals_{SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGRTMIN};
  std::jthread thread_;
};

}  // namespace sense::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/daemons/daemon_signals.hpp"

#include <pthread.h>

#include "cli/base/command.hpp"
#include "core/base/log.hpp"

namespace sense::cli {

void log_restart_needed(int number) {
  log::warn("a signal came that changes nothing: to apply a changed configuration, restart",
            {{"signal", signal_name(number)}});
}

DaemonSignals::~DaemonSignals() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  ::pthread_kill(thread_.native_handle(), SIGRTMIN);
  thread_.join();
}

void DaemonSignals::call(std::function<void()> stop) {
  thread_ = std::jthread(
      [this, stop = std::move(stop)](const std::stop_token& ended) { wait(ended, stop); });
  ::pthread_setname_np(thread_.native_handle(), "signals");
}

void DaemonSignals::wait(const std::stop_token& ended, const std::function<void()>& stop) const {
  bool stopping = false;
  while (!ended.stop_requested()) {
    const auto number = signals_.next(std::chrono::hours{1});
    if (!number || *number == SIGRTMIN) continue;
    if (*number != SIGINT && *number != SIGTERM) {
      log_restart_needed(*number);
      continue;
    }
    if (stopping) {
      log::warn("stopped at once: a second signal came");
      ::_exit(exit_failed);
    }
    stopping = true;
    stop();
  }
}

}  // namespace sense::cli

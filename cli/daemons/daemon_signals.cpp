// SPDX-License-Identifier: Apache-2.0
#include "cli/daemons/stop_signals.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "cli/base/command.hpp"
#include "core/base/check.hpp"
#include "core/base/log.hpp"

namespace sense::cli {

StopSignals::StopSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  leave_ = ::eventfd(0, EFD_CLOEXEC);
  SENSE_CHECK(signals_ >= 0 && leave_ >= 0);
}

StopSignals::~StopSignals() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(leave_, &one, sizeof one);
    thread_.join();
  }
  ::close(leave_);
  ::close(signals_);
}

void StopSignals::call(std::function<void()> stop) {
  thread_ = std::thread([this, stop = std::move(stop)] { wait(stop); });
  ::pthread_setname_np(thread_.native_handle(), "signals");
}

void StopSignals::wait(const std::function<void()>& stop) const {
  bool stopping = false;
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{signals_, POLLIN, 0}, pollfd{leave_, POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), -1) < 0) continue;
    if (ready[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof info) != sizeof info) continue;
    if (stopping) {
      log::warn("stopped at once: a second signal came");
      ::_exit(exit_failed);
    }
    stopping = true;
    stop();
  }
}

}  // namespace sense::cli

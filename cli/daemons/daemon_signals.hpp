// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

namespace sense::cli {

// SIGINT and SIGTERM of a process with threads. They are blocked from construction on, in this
// thread and in every one started after it, so construct this first; `stop` is called on an own
// thread for the first of them. A second one ends the process at once.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Once. `stop` must be callable until this is destroyed.
  void call(std::function<void()> stop);

 private:
  void wait(const std::function<void()>& stop) const;

  int signals_ = -1;  // signalfd
  int leave_ = -1;    // eventfd: written by the destructor
  std::thread thread_;
};

}  // namespace sense::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <utility>

#include "core/base/clock.hpp"

namespace sense {

// Calls its task at the time set or earlier, never later: a later time than the earliest that is
// pending costs nothing, and the task sets the timer again. One thread. The clock must outlive it,
// and it must outlive what `after` (runs a task after a pause) runs.
class LazyTimer {
 public:
  using After = std::function<void(Duration, std::function<void()>)>;
  LazyTimer(const Clock& clock, After after, std::function<void()> task)
      : clock_(clock), after_(std::move(after)), task_(std::move(task)) {}

  void at(MonoTime due) {
    if (!pending_.empty() && *pending_.begin() <= due) return;
    pending_.insert(due);
    after_(std::max(Duration{0}, due - clock_.now().mono), [this, due] {
      pending_.erase(due);
      task_();
    });
  }

 private:
  const Clock& clock_;
  const After after_;
  const std::function<void()> task_;
  std::set<MonoTime> pending_;  // a time is set only before all of them, so that they are few
};

}  // namespace sense

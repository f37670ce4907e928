// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "core/base/clock.hpp"

namespace sense::simulation {

// Virtual time, and the tasks that wait for theirs. Those of one instant run in the order in which
// they were added.
class Agenda {
 public:
  [[nodiscard]] Timestamp now() const { return clock_.now(); }
  void after(Duration pause, std::function<void()> task) {
    tasks_.emplace(now().mono + pause, std::move(task));
  }
  // When the next task is due; MonoTime::max(): there is none.
  [[nodiscard]] MonoTime next() const {
    return tasks_.empty() ? MonoTime::max() : tasks_.begin()->first;
  }
  // A time that is over already changes nothing.
  void advance_to(MonoTime time) {
    if (time > now().mono) clock_.advance(time - now().mono);
  }
  // REQUIRES: there is one.
  void run_next() {
    const auto task = std::move(tasks_.begin()->second);
    tasks_.erase(tasks_.begin());
    task();
  }

 private:
  VirtualClock clock_;
  std::multimap<MonoTime, std::function<void()>> tasks_;
};

}  // namespace sense::simulation

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "core/base/clock.hpp"

namespace sense {

// Calls its task at the time set or earlier, never later: a later time than the current one is
// ignored at no cost, and the task sets the timer again. Reactor thread.
class LazyTimer {
 public:
  LazyTimer(boost::asio::io_context& reactor, std::function<void()> task)
      : timer_(reactor), task_(std::move(task)) {}

  void at(MonoTime due) {
    if (due_ && *due_ <= due) return;
    due_ = due;
    timer_.expires_at(due);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      due_.reset();
      task_();
    });
  }
  void cancel() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
  const std::function<void()> task_;
  std::optional<MonoTime> due_;
};

}  // namespace sense

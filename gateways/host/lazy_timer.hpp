// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "core/base/clock.hpp"

namespace sense {

// Calls its task at a time or sooner, never later: to set it for later than it stands costs
// nothing, and the task is to say again when it wants to be called. The reactor's thread.
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

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "core/base/clock.hpp"
#include "core/bus/bus.hpp"

namespace sense::cli {

// The one thread of a client command: runs until finish(), a signal, or the deadline. Everything is
// called on the thread that calls run(), except executor(), which any thread may use.
class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] Executor executor();

  // Called once, for SIGINT, SIGTERM, SIGHUP or finish(), before the loop ends; it must call
  // leave() when what it cleans up is done. Without one the loop ends at once.
  void on_finish(std::function<void()> clean_up) { clean_up_ = std::move(clean_up); }
  // The exit code after a signal; 0 unless set.
  void set_interrupted_code(int code) { interrupted_code_ = code; }
  // Zero: no deadline.
  void set_deadline(Duration after, std::function<void()> action);
  // Runs an action after a pause, unless the loop ends before.
  void later(Duration after, std::function<void()> action);

  // The first call decides the exit code.
  void finish(int code);
  void leave() { io_.stop(); }
  [[nodiscard]] bool finishing() const { return finishing_; }

  // Answers the exit code.
  [[nodiscard]] int run();

 private:
  void wait_for_signal();

  boost::asio::io_context io_;
  boost::asio::signal_set signals_;
  std::function<void()> clean_up_;
  bool finishing_ = false;
  int code_ = 0;
  int interrupted_code_ = 0;
};

}  // namespace sense::cli

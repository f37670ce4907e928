// SPDX-License-Identifier: Apache-2.0
#include "cli/base/loop.hpp"

#include <boost/asio/post.hpp>
#include <csignal>

#include "cli/base/signals.hpp"

namespace sense::cli {

namespace asio = boost::asio;

Loop::Loop() : io_(1), signals_(io_, SIGINT, SIGTERM) {
  // A terminal that is closed: what was registered is cancelled, as for Ctrl-C.
  if (!hangup_ignored()) signals_.add(SIGHUP);
  wait_for_signal();
}

Executor Loop::executor() {
  return [this](std::function<void()> work) { asio::post(io_, std::move(work)); };
}

void Loop::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    // A second signal does not wait for the clean-up.
    if (finishing_) return leave();
    wait_for_signal();
    finish(interrupted_code_);
  });
}

void Loop::set_deadline(Duration after, std::function<void()> action) {
  if (after != Duration{0}) later(after, std::move(action));
}

void Loop::later(Duration after, std::function<void()> action) {
  auto timer = std::make_shared<asio::steady_timer>(io_, after);
  timer->async_wait([timer, action = std::move(action)](const boost::system::error_code& error) {
    if (!error) action();
  });
}

void Loop::finish(int code) {
  if (finishing_) return;
  finishing_ = true;
  code_ = code;
  if (clean_up_) return clean_up_();
  leave();
}

int Loop::run() {
  const auto keep = asio::make_work_guard(io_);
  io_.run();
  return code_;
}

}  // namespace sense::cli

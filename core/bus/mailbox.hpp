// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/check.hpp"

namespace sense::bus {

// A queue from any threads to one: put() and wake() on any thread, take() and wait() on the one
// that receives. That waits on `fd()`, which is readable while values may be waiting, and takes all
// of them at once, which forms groups. Without a bound: its users limit what they put.
template <class T>
class Mailbox {
 public:
  Mailbox() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { SENSE_CHECK(fd_ >= 0); }
  ~Mailbox() { ::close(fd_); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void put(T value) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = values_.empty();
      values_.push_back(std::move(value));
    }
    if (first) wake();
  }

  // Makes fd() readable without a value.
  void wake() {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then fd() is readable already.
    [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
  }

  // All waiting values, in order; may be empty.
  [[nodiscard]] std::vector<T> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(fd_, &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(values_, {});
  }

  // Waits until values may be waiting, at most for `timeout`.
  void wait(std::chrono::milliseconds timeout) {
    pollfd item{fd_, POLLIN, 0};
    ::poll(&item, 1, static_cast<int>(timeout.count()));
  }

  [[nodiscard]] int fd() const { return fd_; }

 private:
  std::mutex mutex_;
  std::vector<T> values_;
  int fd_;
};

}  // namespace sense::bus

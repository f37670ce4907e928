// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

#include "core/base/clock.hpp"

namespace sense::bus {

// Whether the broker is there, by the time of its last message: it sends a heartbeat each half
// second. Pure; one thread, but connected() from any.
class Contact {
 public:
  static constexpr Duration silence_max = std::chrono::seconds{2};
  static constexpr Duration warning_interval = std::chrono::seconds{10};

  void start(MonoTime now) { started_ = heard_ = warned_ = now; }

  // A message was received.
  enum class Heard {
    still,  // the broker was there
    first,  // for the first time
    again   // after a silence of which was_silent() told
  };
  Heard heard(MonoTime now) {
    heard_ = now;
    if (connected_.exchange(true)) return Heard::still;
    return warned_ > started_ ? Heard::again : Heard::first;
  }
  // Whether to warn now that the broker does not answer.
  [[nodiscard]] bool was_silent(MonoTime now) {
    if (now - heard_ > silence_max) connected_.store(false);
    if (connected_.load() || now - std::max(heard_, warned_) <= silence_max) return false;
    if (warned_ > started_ && now - warned_ < warning_interval) return false;
    warned_ = now;
    return true;
  }

  // No message will come any more.
  void lose() { connected_.store(false); }
  [[nodiscard]] bool connected() const { return connected_.load(); }

 private:
  std::atomic<bool> connected_ = false;
  MonoTime started_{};
  MonoTime heard_{};
  MonoTime warned_{};
};

}  // namespace sense::bus

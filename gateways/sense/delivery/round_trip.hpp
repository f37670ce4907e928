// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/base/clock.hpp"

namespace sense::datagram {

// How long a subscriber takes to acknowledge, smoothed, and how long to wait for it (RFC 6298
// section 2). Only datagrams that were sent once tell: of a repeat nobody knows which one was
// acknowledged (Karn's algorithm). A plain value.
class RoundTrip {
 public:
  // Acknowledgements may be collected for a while before they are sent.
  static constexpr std::chrono::milliseconds wait_min{200};

  void add(Duration sample) {
    if (!known_) {
      smoothed_ = sample;
      variation_ = sample / 2;
    } else {
      const auto off = sample > smoothed_ ? sample - smoothed_ : smoothed_ - sample;
      variation_ = (3 * variation_ + off) / 4;
      smoothed_ = (7 * smoothed_ + sample) / 8;
    }
    known_ = true;
  }
  // Nothing: not known yet.
  [[nodiscard]] std::optional<Duration> wait() const {
    if (!known_) return std::nullopt;
    return std::max<Duration>(smoothed_ + 4 * variation_, wait_min);
  }

 private:
  Duration smoothed_{0};
  Duration variation_{0};
  bool known_ = false;
};

}  // namespace sense::datagram

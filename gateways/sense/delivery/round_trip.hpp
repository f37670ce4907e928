// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/base/clock.hpp"

namespace sense::datagram {

// Smoothed round-trip time of a subscriber, and the resulting wait for an acknowledgement (RFC 6298
// section 2). Only datagrams that were sent once are samples: an acknowledgement of a repeated one
// is ambiguous (Karn's algorithm). A value.
class RoundTrip {
 public:
  // Clients may delay acknowledgements in order to combine them.
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
  // Nothing: no sample yet.
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

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "core/base/clock.hpp"

namespace sense {

// Decides whether to read on in the journal while deliveries are pending. Reading ahead of slow
// callbacks keeps them from delaying others; reading ahead of fast ones only copies the journal
// into the gateway's own store. So reading stops while enough deliveries are active and they are
// settled quickly. Pure; one thread.
class ReadAheadLimiter {
 public:
  static constexpr std::size_t active_max = 8'192;  // deliveries
  static constexpr Duration horizon =
      std::chrono::seconds{2};  // slow: active_max would take longer than this
  static constexpr Duration measured_span = std::chrono::milliseconds{20};
  static constexpr Duration hold_max = std::chrono::milliseconds{500};

  // `active`: see Engine::active(). `delivered`: total so far. Call it repeatedly while it returns
  // false.
  [[nodiscard]] bool may_read(std::size_t active, std::uint64_t delivered, MonoTime now) {
    // After a pause of the reactor the old samples say nothing.
    if (!samples_.empty() && now - samples_.back().first >= measured_span) samples_.clear();
    if (samples_.empty() || now - samples_.back().first >= measured_span / 8)
      samples_.emplace_back(now, delivered);
    while (samples_.size() > 1 && now - samples_[1].first >= measured_span) samples_.pop_front();
    const bool allowed = active < active_max || is_slow(delivered, now);
    held_since_ = allowed ? std::nullopt : std::optional(held_since_.value_or(now));
    return allowed;
  }

 private:
  [[nodiscard]] bool is_slow(std::uint64_t delivered, MonoTime now) const {
    const auto span = now - samples_.front().first;
    // The rate is not known yet. Without enough samples for hold_max, read on.
    if (span < measured_span / 2) return held_since_ && now - *held_since_ >= hold_max;
    const auto done = static_cast<double>(delivered - samples_.front().second);
    return done * static_cast<double>(horizon.count()) <
           static_cast<double>(active_max) * static_cast<double>(span.count());
  }

  std::deque<std::pair<MonoTime, std::uint64_t>> samples_;
  std::optional<MonoTime> held_since_;
};

}  // namespace sense

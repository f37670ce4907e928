// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "core/base/clock.hpp"

namespace sense {

// Whether to read on in the journal while deliveries wait. Reading ahead of slow callbacks is what
// keeps them from delaying the others; reading ahead of fast ones only moves the journal into the
// gateway's own store, at a price. So: while there is enough to do, and it is being done, what is
// behind it stays where it is. Pure; one thread.
class ReadAhead {
 public:
  static constexpr std::size_t enough = 8'192;                 // deliveries
  static constexpr Duration moment = std::chrono::seconds{2};  // in which so many are to be done
  static constexpr Duration look_back = std::chrono::milliseconds{20};
  static constexpr Duration patience = std::chrono::milliseconds{500};

  // `flowing`: deliveries that wait for nothing but their turn, of callbacks that work.
  // `delivered`: in all, so far. Call it now and then while it says no.
  [[nodiscard]] bool may_read(std::size_t active, std::uint64_t delivered, MonoTime now) {
    // What was not looked at for so long may have had no chance: the reactor did something else.
    if (!seen_.empty() && now - seen_.back().first >= look_back) seen_.clear();
    if (seen_.empty() || now - seen_.back().first >= look_back / 8)
      seen_.emplace_back(now, delivered);
    while (seen_.size() > 1 && now - seen_[1].first >= look_back) seen_.pop_front();
    const bool may = active < enough || is_slow(delivered, now);
    held_since_ = may ? std::nullopt : std::optional(held_since_.value_or(now));
    return may;
  }

 private:
  [[nodiscard]] bool is_slow(std::uint64_t delivered, MonoTime now) const {
    const auto span = now - seen_.front().first;
    // Not known yet how fast: soon. Unless there never is the time to find out.
    if (span < look_back / 2) return held_since_ && now - *held_since_ >= patience;
    const auto done = static_cast<double>(delivered - seen_.front().second);
    return done * static_cast<double>(moment.count()) <
           static_cast<double>(enough) * static_cast<double>(span.count());
  }

  std::deque<std::pair<MonoTime, std::uint64_t>> seen_;
  std::optional<MonoTime> held_since_;
};

}  // namespace sense

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "core/base/clock.hpp"

namespace sense {

// Whether to read on in the journal while deliveries wait. Reading ahead of slow callbacks is what
// keeps them from delaying the others; reading ahead of fast ones only moves the journal into the
// gateway's own store, at a price. So: if what waits will be gone in a moment, let it go first.
// Pure; one thread.
class ReadAhead {
 public:
  static constexpr std::size_t waiting_enough = 8'192;
  static constexpr Duration moment = std::chrono::milliseconds{500};
  static constexpr Duration look_back = std::chrono::milliseconds{20};

  // `delivered`: in all, so far. Call it now and then while it says no.
  [[nodiscard]] bool may_read(std::size_t waiting, std::uint64_t delivered, MonoTime now) {
    if (seen_.empty() || now - seen_.back().first >= look_back / 8)
      seen_.emplace_back(now, delivered);
    while (seen_.size() > 1 && now - seen_[1].first >= look_back) seen_.pop_front();
    if (waiting < waiting_enough) return true;
    const auto span = now - seen_.front().first;
    // Not known yet how fast: soon.
    if (span < look_back / 2) return false;
    const auto done = static_cast<double>(delivered - seen_.front().second);
    return done * static_cast<double>(moment.count()) <
           static_cast<double>(waiting) * static_cast<double>(span.count());
  }

 private:
  std::deque<std::pair<MonoTime, std::uint64_t>> seen_;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "core/base/clock.hpp"

namespace sense {

// Which delivery of one subscription is attempted next, and when: fresh ones in order, retries and
// held ones by time, within the window and the rate. A value without I/O or clock; one thread.
// Knows deliveries by their keys, which the caller owns; a key is in one place at a time, and in
// none once next() or next_released() has returned it.
class AttemptQueue {
 public:
  using Key = std::uint64_t;
  // What the options and the callback's state permit.
  struct Limits {
    std::uint32_t window = 1;  // attempts in flight at once, at least 1
    bool probing = false;      // one at a time, due or not, not before next_probe
    MonoTime next_probe{};
    MonoTime fresh_from = MonoTime::min();  // the first fresh one is not attempted before
  };

  void push(Key key) { fresh_.push_back(key); }
  void retry(Key key, MonoTime due) { retries_.emplace(due, key); }
  void hold(Key key, MonoTime due) { held_.emplace(due, key); }
  // A held delivery whose time has come; it is held no longer.
  [[nodiscard]] std::optional<Key> next_released(MonoTime now);
  // What waited for a retry is due now, in the order of the keys, which are returned by due time.
  std::vector<Key> retry_all(MonoTime now);

  // The delivery to attempt now, which is taken out: a retry that is due, else the first fresh one,
  // unless too many await a retry (QueueDefaults::retrying_windows).
  [[nodiscard]] std::optional<Key> next(const Limits& limits, MonoTime now);
  // When next() may return one, if nothing else happens; at once is `now`.
  [[nodiscard]] std::optional<MonoTime> next_due(const Limits& limits, MonoTime now) const;
  [[nodiscard]] std::optional<MonoTime> next_release() const;

  // An attempt begins; with a rate, attempts a second, the next one waits.
  void begin(std::optional<std::uint32_t> rate, MonoTime now);
  // REQUIRES: one begun for each ended.
  void end();
  // No attempt before: after a restart the time of the last one is unknown.
  void wait_until(MonoTime time) { next_attempt_ = time; }

  [[nodiscard]] std::optional<Key> first_fresh() const;
  [[nodiscard]] std::optional<Key> last_fresh() const;
  [[nodiscard]] std::size_t active() const { return fresh_.size() - head_ + in_flight_; }
  [[nodiscard]] bool waits(MonoTime now) const { return next_attempt_ > now; }  // for the rate

 private:
  using Timed = std::set<std::pair<MonoTime, Key>>;  // due, key
  static constexpr std::size_t compact_after = 1024;
  [[nodiscard]] bool fresh_waits(const Limits& limits) const;
  Key pop_fresh();

  std::vector<Key> fresh_;
  std::size_t head_ = 0;  // of fresh_: what is before it is taken
  Timed retries_;
  Timed held_;
  std::uint32_t in_flight_ = 0;
  MonoTime next_attempt_{};
};

}  // namespace sense

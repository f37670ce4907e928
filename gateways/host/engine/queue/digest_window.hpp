// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/base/clock.hpp"
#include "core/subscription/delivery_options.hpp"

namespace sense {

// The open window of one subscription: which events are collected for one delivery, under which
// numbers, and when that closes. A value without I/O or clock; one thread. Knows events by the keys
// of their deliveries, which the caller owns. Full at Digest::count_max events or octets_max octets
// of data, whatever the options.
class DigestWindow {
 public:
  using Key = std::uint64_t;
  struct Member {
    Key key = 0;
    std::uint64_t sequence = 0;
    std::uint64_t number = 0;
    std::uint64_t group = 0;   // hash of the source; 0: is not coalesced
    std::uint32_t octets = 0;  // of the event's data
  };

  // For `coalesce: latest`: the newest event of a source takes the place and the number of the one
  // before, so that no gap is left. The key of the event that is superseded: the other's, after
  // `event` has got its number, or event.key when the window has a newer one (it was held longer):
  // then the window is as before. Nothing when it has no other of this source: add() it.
  [[nodiscard]] std::optional<Key> supersede(Member& event);
  // REQUIRES: the event has a number.
  void add(const Member& event);
  // An event joined the window at `joined`, in the past when it is restored. The window opened with
  // the first one.
  void on_join(MonoTime joined, Timestamp now);

  [[nodiscard]] bool full(const SparseOptions& options) const;
  // When it closes, if time decides: with a minimum interval not before `interval_over`, and not
  // while an earlier window is pending, since meanwhile it may as well grow.
  [[nodiscard]] std::optional<MonoTime> closes(const SparseOptions& options, MonoTime interval_over,
                                               bool earlier_pending, Timestamp now) const;
  // In the order in which they joined.
  [[nodiscard]] std::vector<Key> keys() const;

 private:
  MonoTime opened_ = MonoTime::max();
  WallTime opened_wall_{};
  std::uint64_t octets_ = 0;
  std::vector<Member> members_;
  std::unordered_map<std::uint64_t, std::size_t> position_of_group_;
};

}  // namespace sense

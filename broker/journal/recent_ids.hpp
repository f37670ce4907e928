// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/hash.hpp"

namespace sense {

// Which events (source and id) were taken in lately, and under which sequence, so that a publisher
// may send again what was not answered. Pure; one thread. Bounded by count and by age; about 50
// octets an event.
class RecentIds {
 public:
  RecentIds(Duration window, std::size_t count_max);

  // What stands for an event here. Prefetching it some time before it is asked for hides a miss of
  // the cache.
  using Key = Hash128;
  [[nodiscard]] Key key_of(std::string_view source, std::string_view id) const;
  void prefetch(const Key& key) const;

  // The sequence of that event, or 0 when it was not seen within the window.
  [[nodiscard]] std::uint64_t find(const Key& key) const;
  // Remembers the event and answers 0; or answers the sequence that it was seen under before, and
  // changes nothing.
  std::uint64_t insert(const Key& key, std::uint64_t sequence, WallTime time);
  // Forgets what is older than the window or beyond the count.
  void expire(WallTime now);

  // Insertions since the last commit() are undone by rollback().
  void commit() { pending_ = 0; }
  void rollback();
  [[nodiscard]] Duration window() const { return window_; }
  [[nodiscard]] std::size_t count_max() const { return count_max_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Seen {
    Key key;
    std::uint64_t sequence = 0;
    WallTime time;
  };
  // An open-addressed table of 8 octets a slot: a look-up for an event that is new, which nearly
  // all are, touches one cache line of it and nothing else.
  struct Slot {
    std::uint32_t tag = 0;    // low half of the key; tells where the slot belongs
    std::uint32_t place = 0;  // in the ring, counted from 1; 0: the slot is free
  };
  // Where the entry is that came `age` entries after the oldest.
  [[nodiscard]] std::size_t place_of(std::size_t age) const;
  // The slot of that key, or the free one where it would go.
  [[nodiscard]] std::size_t slot_of(const Key& key) const;
  void erase(std::size_t slot);
  void grow();

  Duration window_;
  std::size_t count_max_;
  HashSecret secret_ = HashSecret::random();
  std::vector<Seen> ring_;
  std::size_t oldest_ = 0;
  std::size_t size_ = 0;
  std::vector<Slot> slots_;  // a power of two, at most two thirds full
  std::size_t pending_ = 0;
};

}  // namespace sense

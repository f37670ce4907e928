// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/hash.hpp"

namespace sense {

// The deduplication window: source and id of recently stored events, with their sequences, so that
// a publisher may send an unanswered event again. Pure; one thread. Bounded by count and by age;
// about 50 octets an event.
class RecentIds {
 public:
  RecentIds(Duration window, std::size_t count_max);

  // The keyed hash of source and id. Prefetching a key some time before its look-up hides the cache
  // miss.
  using Key = Hash128;
  [[nodiscard]] Key key_of(std::string_view source, std::string_view id) const;
  void prefetch(const Key& key) const;

  // The sequence of that event, or 0 when it was not seen within the window.
  [[nodiscard]] std::uint64_t find(const Key& key) const;
  // Adds the event and returns 0; or returns the sequence under which it was added before, and
  // changes nothing.
  std::uint64_t insert(const Key& key, std::uint64_t sequence, WallTime time);
  // Removes entries that are older than the window or beyond the count.
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
  // The index in the ring of the entry that was added `age` entries after the oldest.
  [[nodiscard]] std::size_t place_of(std::size_t age) const;
  // The slot of that key, or the free slot to insert it into.
  [[nodiscard]] std::size_t slot_of(const Key& key) const;
  static std::uint32_t tag_of(const Key& key) { return static_cast<std::uint32_t>(key.low); }
  void grow();

  Duration window_;
  std::size_t count_max_;
  HashSecret secret_ = HashSecret::random();
  std::vector<Seen> ring_;
  std::size_t oldest_ = 0;
  std::size_t size_ = 0;
  SlotTable slots_;  // places in the ring, by the low half of the key
  std::size_t pending_ = 0;
};

}  // namespace sense

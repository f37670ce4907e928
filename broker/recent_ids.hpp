#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/hash.hpp"

namespace sense {

// Which events (source and id) were taken in lately, and under which sequence, so that a publisher
// may send again what was not answered. Pure; one thread. Bounded by count and by age.
class RecentIds {
 public:
  RecentIds(Duration window, std::size_t count_max) : window_(window), count_max_(count_max) {}

  // The sequence of that event, or 0 when it was not seen within the window.
  [[nodiscard]] std::uint64_t find(std::string_view source, std::string_view id) const;
  void insert(std::string_view source, std::string_view id, std::uint64_t sequence, WallTime time);
  // Forgets what is older than the window or beyond the count.
  void expire(WallTime now);

  // Insertions since the last commit() are undone by rollback().
  void commit() { pending_.clear(); }
  void rollback();
  [[nodiscard]] Duration window() const { return window_; }
  [[nodiscard]] std::size_t count_max() const { return count_max_; }
  [[nodiscard]] std::size_t size() const { return sequences_.size(); }

 private:
  struct Seen {
    Hash128 key;
    WallTime time;
  };
  [[nodiscard]] Hash128 key_of(std::string_view source, std::string_view id) const;

  Duration window_;
  std::size_t count_max_;
  HashSecret secret_ = HashSecret::random();
  std::unordered_map<Hash128, std::uint64_t, Hash128::Hasher> sequences_;
  std::deque<Seen> order_;
  std::vector<Hash128> pending_;
};

}  // namespace sense

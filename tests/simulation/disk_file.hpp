// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/endpoint.hpp"

namespace sense::simulation {

// The index of a WAL, which the connections of one program share: its memory and its eight locks,
// as bits.
class SharedIndex {
 public:
  // Null: it is not there, and not to be made.
  [[nodiscard]] char* region(std::size_t number, std::size_t size, bool extend) {
    if (regions_.size() <= number && !extend) return nullptr;
    while (regions_.size() <= number) regions_.push_back(std::make_unique<char[]>(size));
    return regions_[number].get();
  }
  [[nodiscard]] bool lock_shared(unsigned mask) {
    if ((exclusive_ & mask) != 0) return false;
    count(mask, 1);
    return true;
  }
  // `own`: the shared locks of the same connection.
  [[nodiscard]] bool lock_exclusive(unsigned mask, unsigned own) {
    if ((exclusive_ & mask) != 0) return false;
    for (unsigned bit = 0; bit < shared_.size(); ++bit)
      if ((mask >> bit & 1) != 0 && shared_[bit] > static_cast<int>(own >> bit & 1)) return false;
    exclusive_ |= mask;
    return true;
  }
  void unlock(unsigned shared, unsigned exclusive) {
    count(shared, -1);
    exclusive_ &= ~exclusive;
  }

 private:
  void count(unsigned mask, int by) {
    for (unsigned bit = 0; bit < shared_.size(); ++bit)
      if ((mask >> bit & 1) != 0) shared_[bit] += by;
  }
  std::vector<std::unique_ptr<char[]>> regions_;
  std::array<int, 8> shared_{};
  unsigned exclusive_ = 0;
};

// What a power cut keeps of what was not synced.
struct Survival {
  std::uint64_t pages_of_hundred = 100;
  bool torn = false;  // by sectors, not by pages
};
inline Survival survival(Random& random) {
  constexpr std::uint64_t shares[] = {0, 10, 50, 90, 100};
  return {shares[pick(random, std::size(shares))], one_in(random, 2)};
}

// One file: its octets, what of them is synced, and the changes between; SQLite's locks on it.
class DiskFile {
 public:
  [[nodiscard]] std::size_t size() const { return now_.size(); }
  // False: it ends before; what is missing is zero.
  [[nodiscard]] bool read(char* into, std::size_t length, std::size_t at) const {
    const auto there = at < now_.size() ? std::min(length, now_.size() - at) : 0;
    std::copy_n(now_.data() + std::min(at, now_.size()), there, into);
    std::fill(into + there, into + length, '\0');
    return there == length;
  }
  void write(std::size_t at, std::string_view octets) {
    put(now_, at, octets);
    changes_.push_back({at, std::string(octets), false});
  }
  void truncate(std::size_t size) {
    now_.resize(size);
    changes_.push_back({size, {}, true});
  }
  void sync() {
    // Only what has changed: a sync of a long file is cheap.
    for (const auto& change : changes_) apply(synced_, change);
    changes_.clear();
  }
  // Each piece of each change is kept or lost by itself.
  [[nodiscard]] DiskFile after_crash(Survival keep, Random& random) const {
    DiskFile survived;
    survived.now_ = synced_;
    if (keep.pages_of_hundred == 100) {
      survived.now_ = now_;
      survived.synced_ = synced_;
      survived.changes_ = changes_;
      return survived;
    }
    const auto kept = [&] { return pick(random, 100) < keep.pages_of_hundred; };
    const std::size_t piece = keep.torn ? 512 : 4096;
    for (const auto& change : changes_) {
      if (change.truncates && kept()) apply(survived.now_, change);
      for (std::size_t at = 0; at < change.octets.size();) {
        const auto length = std::min(piece - (change.at + at) % piece, change.octets.size() - at);
        if (kept())
          put(survived.now_, change.at + at, std::string_view(change.octets).substr(at, length));
        at += length;
      }
    }
    survived.synced_ = survived.now_;
    return survived;
  }

  // `held`: the level that the caller has, and gets. False: another has it.
  [[nodiscard]] bool lock(int& held, int level) {
    if (level <= held) return true;
    const bool own = held >= reserved;
    if (level == shared ? pending_ : reserved_ && !own) return false;
    if (held == none) ++readers_;
    if (held == none) held = shared;
    if (level == shared) return true;
    reserved_ = true;
    held = reserved;
    if (level == reserved) return true;
    pending_ = true;
    if (readers_ > 1) return false;
    held = level;
    return true;
  }
  void unlock(int& held, int level) {
    if (level >= held) return;
    if (held >= reserved) reserved_ = pending_ = false;
    if (level == none) --readers_;
    held = level;
  }
  [[nodiscard]] bool is_reserved() const { return reserved_; }

  [[nodiscard]] std::shared_ptr<SharedIndex> index() {
    if (!index_) index_ = std::make_shared<SharedIndex>();
    return index_;
  }
  void forget_index() { index_.reset(); }

 private:
  static constexpr int none = 0, shared = 1, reserved = 2;  // SQLITE_LOCK_...
  struct Change {
    std::size_t at = 0;
    std::string octets;
    bool truncates = false;  // to `at` octets
  };
  static void put(std::string& content, std::size_t at, std::string_view octets) {
    if (content.size() < at + octets.size()) content.resize(at + octets.size());
    std::copy(octets.begin(), octets.end(), content.begin() + static_cast<std::ptrdiff_t>(at));
  }
  static void apply(std::string& content, const Change& change) {
    change.truncates ? content.resize(change.at) : put(content, change.at, change.octets);
  }

  std::string now_;
  std::string synced_;
  std::vector<Change> changes_;  // since the last sync
  std::shared_ptr<SharedIndex> index_;
  int readers_ = 0;
  bool reserved_ = false, pending_ = false;
};

}  // namespace sense::simulation

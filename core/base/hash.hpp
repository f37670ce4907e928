// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

// Hashes, which are pure functions of any thread, except for random(), and a table by hash.
namespace sense {

// 128 bits of XXH3: fast, not cryptographic. A random secret prevents prepared collisions.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
  // For unordered containers; only for hashes with a secret.
  struct Hasher {
    std::size_t operator()(const Hash128& hash) const { return hash.low; }
  };
};

// 192 random octets, XXH3's own secret length.
struct HashSecret {
  std::array<unsigned char, 192> octets{};
  [[nodiscard]] static HashSecret random();
};

// 64 bits of XXH3 without a secret: the same in every process and release, so it may be stored.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text);

[[nodiscard]] Hash128 keyed_hash(const HashSecret& secret, std::string_view text);

// A hash table of numbers that name what its owner keeps elsewhere: open addressing, 8 octets a
// slot, so that the look-up of what is not there, the common case, touches one cache line (Knuth,
// volume 3, 6.4, algorithms L and R). A value; one thread.
class SlotTable {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;  // the number of a free slot

  // The slot of the number of that hash for which matches(number) is true, or the free slot to
  // insert it into, until the table changes.
  template <class Matches>
  [[nodiscard]] std::size_t find(std::uint32_t hash, const Matches& matches) const {
    auto at = hash & mask();
    while (slots_[at].number != none && (slots_[at].hash != hash || !matches(slots_[at].number)))
      at = next(at);
    return at;
  }
  // `none` when the slot is free.
  [[nodiscard]] std::uint32_t number(std::size_t slot) const { return slots_[slot].number; }
  // Hides the cache miss of a find() some time later.
  void prefetch(std::uint32_t hash) const { __builtin_prefetch(&slots_[hash & mask()]); }

  // REQUIRES: find() has returned the free slot, and reserve() has made room for the number.
  void insert(std::size_t slot, std::uint32_t hash, std::uint32_t number) {
    slots_[slot] = {hash, number};
  }
  void erase(std::size_t slot) {
    for (auto at = next(slot); slots_[at].number != none; at = next(at)) {
      // An entry whose home lies behind the free slot stays; others are moved back, so that no
      // look-up ends at the free slot too early.
      if (((at - slots_[at].hash) & mask()) < ((at - slot) & mask())) continue;
      slots_[slot] = slots_[at];
      slot = at;
    }
    slots_[slot] = {};
  }
  // Makes room for so many numbers. Slots that find() returned are void afterwards.
  void reserve(std::size_t count) {
    const auto wanted = std::bit_ceil(count + count / 2);
    if (wanted <= slots_.size()) return;
    for (const auto& slot : std::exchange(slots_, std::vector<Slot>(wanted)))
      if (slot.number != none)
        insert(find(slot.hash, [](auto) { return false; }), slot.hash, slot.number);
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;  // its low bits determine the home
    std::uint32_t number = none;
  };
  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
  [[nodiscard]] std::size_t next(std::size_t slot) const { return (slot + 1) & mask(); }

  std::vector<Slot> slots_ = std::vector<Slot>(16);  // a power of two, at most two thirds full
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Pure functions of any thread, except for random().
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

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "core/base/hash.hpp"

#include <xxhash.h>

#include "core/base/random.hpp"

namespace sense {

HashSecret HashSecret::random() {
  HashSecret secret;
  fill_random(secret.octets);
  return secret;
}

std::uint64_t stable_hash(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

Hash128 keyed_hash(const HashSecret& secret, std::string_view text) {
  const auto hash =
      XXH3_128bits_withSecret(text.data(), text.size(), secret.octets.data(), secret.octets.size());
  return {hash.low64, hash.high64};
}

}  // namespace sense

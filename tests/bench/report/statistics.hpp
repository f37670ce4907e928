// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace sense::bench {

// The middle value; of an even number the mean of the two in the middle. REQUIRES: not empty.
[[nodiscard]] double median(std::vector<double> values);

// Nearest rank: the least value that at least `share` of all do not exceed. REQUIRES: sorted, not
// empty, 0 < share <= 1.
template <class Number>
[[nodiscard]] double percentile(const std::vector<Number>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return static_cast<double>(sorted.at(rank == 0 ? 0 : rank - 1));
}

}  // namespace sense::bench

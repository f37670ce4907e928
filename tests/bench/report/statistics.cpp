// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/report/statistics.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace sense::bench {

double median(std::vector<double> values) {
  SENSE_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

}  // namespace sense::bench

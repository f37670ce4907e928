// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/bench/harness/runner.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// How `sense bench bus` was asked to measure.
struct BusBench {
  unsigned runs = 5;
  bool quick = false;
  bool tcp = false;
  std::string data = ".";            // on a disk
  std::vector<std::string> figures;  // none: all
};

// The names that may stand in BusBench::figures.
[[nodiscard]] std::span<const std::string_view> bus_figure_names();

// Measures the figures that were asked for, in the order of bus_figure_names().
[[nodiscard]] Result<std::vector<Figure>> measure_bus(Arena& arena, const BusBench& bench);

}  // namespace sense::bench

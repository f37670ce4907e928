#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/bench/figure.hpp"
#include "core/base/error.hpp"

namespace sense::bench {

// How `sense bench engine` was asked to measure.
struct EngineFigures {
  unsigned runs = 5;
  bool quick = false;
  std::vector<std::string> figures;  // none: all
};

// The names that may stand in EngineFigures::figures.
[[nodiscard]] std::span<const std::string_view> engine_figure_names();

// Measures the delivery engine alone, in this process's children: no broker, no plugin, no disk. It
// never waits for anything, so processor time is what counts: figures stay the same while others
// use the machine, too.
[[nodiscard]] Result<std::vector<Figure>> measure_engine(const EngineFigures& wanted);

}  // namespace sense::bench

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/bench/harness/runner.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// How `sense bench bus` was asked to measure.
struct BusOptions {
  unsigned runs = 5;
  bool quick = false;
  Workload::Transport transport = Workload::Transport::ipc;
  std::string data = ".";            // on a disk
  std::vector<std::string> metrics;  // none: all
};

// The names that may stand in BusOptions::metrics.
[[nodiscard]] std::span<const std::string_view> bus_metric_names();

// Measures the metrics that were asked for, in the order of bus_metric_names().
[[nodiscard]] Result<std::vector<Metric>> measure_bus(Runner& runner, const BusOptions& options);

}  // namespace sense::bench

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// SENSE and all its peers, by size of the data, number of subscribers and load. Plain values.
struct ThroughputRow {
  std::size_t octets = 0;
  unsigned subscribers = 0;
  struct Cell {
    std::vector<double> rates;  // events/s at each subscriber, run by run; none: not there
    std::uint64_t lost = 0;     // in all runs
  };
  std::vector<Cell> cells;  // one for each system
};

struct LatencyRow {
  unsigned percent = 0;  // of what each system carried at most
  struct Cell {
    std::uint64_t rate = 0;  // events/s
    std::vector<double> p50;
    std::vector<double> p99;
    std::uint64_t lost = 0;
  };
  std::vector<Cell> cells;
};

struct Matrix {
  std::vector<std::string> systems;  // the names of the columns; SENSE first
  std::vector<ThroughputRow> throughput;
  std::vector<LatencyRow> latency;
  unsigned runs = 0;
};

// throughput_256B_4sub, latency_50pct_p99 and so on, one for each peer, and beside each
// throughput_256B_4sub_lost: how many events did not arrive.
[[nodiscard]] std::vector<Metric> metrics_of(const Matrix& matrix);

}  // namespace sense::bench

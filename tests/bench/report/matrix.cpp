// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/report/matrix.hpp"

namespace sense::bench {

namespace {

Metric lost_metric(const std::string& name, const std::string& peer, std::uint64_t ours,
                   const std::optional<std::uint64_t>& theirs, unsigned runs) {
  Metric metric;
  metric.name = name + "_lost";
  metric.value = static_cast<double>(ours);
  metric.unit = "events";
  metric.peer.name = peer;
  if (theirs) metric.peer.value = static_cast<double>(*theirs);
  metric.runs = runs;
  return metric;
}

}  // namespace

std::vector<Metric> metrics_of(const Matrix& matrix) {
  std::vector<Metric> metrics;
  const auto peers = matrix.systems.size();
  for (const auto& row : matrix.throughput) {
    const auto name =
        "throughput_" + std::to_string(row.octets) + "B_" + std::to_string(row.subscribers) + "sub";
    const auto& ours = row.cells.front();
    for (std::size_t i = 1; i < peers; ++i) {
      const auto& peer = matrix.systems[i];
      const auto& theirs = row.cells[i];
      metrics.push_back(make_metric(name, "events/s", ours.rates, {peer, theirs.rates}));
      metrics.push_back(lost_metric(
          name, peer, ours.lost, theirs.rates.empty() ? std::nullopt : std::optional(theirs.lost),
          matrix.runs));
    }
  }
  for (const auto& row : matrix.latency) {
    const auto name = "latency_" + std::to_string(row.percent) + "pct";
    const auto& ours = row.cells.front();
    for (std::size_t i = 1; i < peers; ++i) {
      const auto& peer = matrix.systems[i];
      const auto& theirs = row.cells[i];
      metrics.push_back(make_metric(name + "_p50", "ms", ours.p50, {peer, theirs.p50}));
      metrics.push_back(make_metric(name + "_p99", "ms", ours.p99, {peer, theirs.p99}));
      metrics.push_back(lost_metric(name, peer, ours.lost,
                                    theirs.p50.empty() ? std::nullopt : std::optional(theirs.lost),
                                    matrix.runs));
    }
  }
  return metrics;
}

}  // namespace sense::bench

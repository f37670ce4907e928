// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/report/matrix.hpp"

namespace sense::bench {

namespace {

Figure lost_figure(const std::string& name, const std::string& peer, std::uint64_t ours,
                   const std::optional<std::uint64_t>& theirs, unsigned runs) {
  Figure figure{name + "_lost", static_cast<double>(ours), "events", peer, {}, {}, runs};
  if (theirs) figure.peer_value = static_cast<double>(*theirs);
  return figure;
}

}  // namespace

std::vector<Figure> figures_of(const Matrix& matrix) {
  std::vector<Figure> figures;
  const auto peers = matrix.contestants.size();
  for (const auto& row : matrix.throughput) {
    const auto name =
        "throughput_" + std::to_string(row.octets) + "B_" + std::to_string(row.subscribers) + "sub";
    const auto& ours = row.cells.front();
    for (std::size_t i = 1; i < peers; ++i) {
      const auto& peer = matrix.contestants[i];
      const auto& theirs = row.cells[i];
      figures.push_back(make_figure(name, "events/s", ours.rates, peer, theirs.rates));
      figures.push_back(lost_figure(
          name, peer, ours.lost, theirs.rates.empty() ? std::nullopt : std::optional(theirs.lost),
          matrix.runs));
    }
  }
  for (const auto& row : matrix.latency) {
    const auto name = "latency_" + std::to_string(row.percent) + "pct";
    const auto& ours = row.cells.front();
    for (std::size_t i = 1; i < peers; ++i) {
      const auto& peer = matrix.contestants[i];
      const auto& theirs = row.cells[i];
      figures.push_back(make_figure(name + "_p50", "ms", ours.p50, peer, theirs.p50));
      figures.push_back(make_figure(name + "_p99", "ms", ours.p99, peer, theirs.p99));
      figures.push_back(lost_figure(name, peer, ours.lost,
                                    theirs.p50.empty() ? std::nullopt : std::optional(theirs.lost),
                                    matrix.runs));
    }
  }
  return figures;
}

}  // namespace sense::bench

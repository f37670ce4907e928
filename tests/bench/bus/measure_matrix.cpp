// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bus/measure_matrix.hpp"

#include <algorithm>
#include <array>

#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

constexpr std::array<const char*, 7> systems{
    sense_name,       "zmq_proxy",     "nats", "jetstream", "jetstream_sync_always",
    "mosquitto_qos0", "mosquitto_qos1"};
constexpr std::array<std::size_t, 4> sizes{64, 256, 1'024, 65'536};
constexpr std::array crowds{1U, 4U, 16U};
constexpr std::array percents{10U, 50U, 90U};
constexpr std::size_t latency_octets = 256;
constexpr std::uint64_t latency_seconds = 3;
constexpr unsigned runs_max = 3;

// A second or some of work, on the machine that we know.
std::uint64_t events_for(std::size_t octets, unsigned subscribers, bool quick) {
  constexpr std::uint64_t events = 400'000, deliveries = 800'000;
  constexpr std::uint64_t delivered_octets = std::uint64_t{2} * 1024 * 1024 * 1024;
  const auto all =
      std::min({events, deliveries / subscribers, delivered_octets / (octets * subscribers)});
  return quick ? std::max<std::uint64_t>(all / 50, 100) : all;
}

class Measurement {
 public:
  Measurement(Runner& runner, const BusOptions& options) : runner_(runner), options_(options) {
    matrix_.systems.assign(systems.begin(), systems.end());
    matrix_.runs = std::min(options.runs, runs_max);
  }

  Result<Matrix> run() {
    for (const auto octets : sizes)
      for (const auto subscribers : crowds)
        if (auto good = throughput(octets, subscribers); !good) return tl::unexpected(good.error());
    for (const auto percent : percents)
      if (auto good = latency(percent); !good) return tl::unexpected(good.error());
    return std::move(matrix_);
  }

 private:
  [[nodiscard]] Workload workload(std::size_t octets, unsigned subscribers) const {
    Workload workload;
    workload.events = events_for(octets, subscribers, options_.quick);
    workload.octets = octets;
    workload.subscribers = subscribers;
    workload.transport = options_.transport;
    workload.folder = options_.data;
    return workload;
  }

  Status throughput(std::size_t octets, unsigned subscribers) {
    const auto same = workload(octets, subscribers);
    const auto outcomes = runner_.side_by_side(
        std::to_string(octets) + " octets to " + std::to_string(subscribers), matrix_.systems,
        [&](const std::string&) { return same; }, matrix_.runs);
    if (!outcomes) return tl::unexpected(outcomes.error());
    ThroughputRow row{octets, subscribers, {}};
    for (const auto& name : matrix_.systems) {
      auto& cell = row.cells.emplace_back();
      if (!outcomes->contains(name)) continue;
      for (const auto& outcome : outcomes->at(name)) {
        cell.rates.push_back(rate_of(outcome));
        cell.lost += lost(same, outcome);
      }
    }
    matrix_.throughput.push_back(std::move(row));
    return {};
  }

  // What the system carried of such events to one subscriber; 0 when it is not there.
  [[nodiscard]] double most_of(std::size_t system) const {
    const auto row = std::find_if(
        matrix_.throughput.begin(), matrix_.throughput.end(),
        [](const auto& each) { return each.octets == latency_octets && each.subscribers == 1; });
    const auto& rates = row->cells.at(system).rates;
    return rates.empty() ? 0 : median(rates);
  }

  [[nodiscard]] Workload open_loop(const std::string& name, unsigned percent) const {
    const auto found = std::find(matrix_.systems.begin(), matrix_.systems.end(), name);
    const auto most = most_of(static_cast<std::size_t>(found - matrix_.systems.begin()));
    auto workload = this->workload(latency_octets, 1);
    workload.kind = Workload::Kind::latency;
    workload.rate = std::max<std::uint64_t>(static_cast<std::uint64_t>(most) * percent / 100, 1);
    workload.events =
        std::max<std::uint64_t>(workload.rate * latency_seconds / (options_.quick ? 10 : 1), 100);
    return workload;
  }

  Status latency(unsigned percent) {
    const auto outcomes = runner_.side_by_side(
        "latency at " + std::to_string(percent) + " % load", matrix_.systems,
        [&](const std::string& name) { return open_loop(name, percent); }, matrix_.runs);
    if (!outcomes) return tl::unexpected(outcomes.error());
    LatencyRow row{percent, {}};
    for (const auto& name : matrix_.systems) {
      auto& cell = row.cells.emplace_back();
      if (!outcomes->contains(name)) continue;
      const auto asked = open_loop(name, percent);
      cell.rate = asked.rate;
      for (const auto& outcome : outcomes->at(name)) {
        cell.p50.push_back(outcome.p50);
        cell.p99.push_back(outcome.p99);
        cell.lost += lost(asked, outcome);
      }
    }
    matrix_.latency.push_back(std::move(row));
    return {};
  }

  Runner& runner_;
  const BusOptions& options_;
  Matrix matrix_;
};

}  // namespace

Result<Matrix> measure_matrix(Runner& runner, const BusOptions& options) {
  return Measurement(runner, options).run();
}

}  // namespace sense::bench

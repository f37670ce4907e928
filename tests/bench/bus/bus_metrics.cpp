// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bus/bus_metrics.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace sense::bench {

namespace {

constexpr std::string_view vs_zmq_proxy = "durable_throughput_vs_zmq_proxy";
constexpr std::string_view vs_jetstream = "durable_throughput_vs_jetstream";
constexpr std::string_view sync_publish = "sync_publish_vs_jetstream";
constexpr std::string_view latency_p50 = "latency_10k_p50";
constexpr std::string_view latency_p99 = "latency_10k_p99";
constexpr std::string_view stalled_rss = "stalled_subscriber_rss";
constexpr std::string_view replay_rate = "replay_rate";
constexpr std::array names{vs_zmq_proxy, vs_jetstream, sync_publish, latency_p50,
                           latency_p99,  stalled_rss,  replay_rate};

constexpr auto zmq_proxy = "zmq_proxy";
constexpr auto jetstream = "jetstream";
constexpr auto events_a_second = "events/s";
constexpr std::uint64_t latency_rate = 10'000;
constexpr unsigned crowd = 16;

using Values = std::vector<double>;
using ValueOf = std::function<double(const Outcome&)>;

Values values_of(const Runner::Outcomes& outcomes, const std::string& name, const ValueOf& value) {
  Values values;
  if (const auto found = outcomes.find(name); found != outcomes.end())
    for (const auto& outcome : found->second) values.push_back(value(outcome));
  return values;
}

class Measurement {
 public:
  Measurement(Runner& runner, const BusOptions& options) : runner_(runner), options_(options) {}

  Result<std::vector<Metric>> run() {
    for (const auto step :
         {&Measurement::durable, &Measurement::sync, &Measurement::latency, &Measurement::stalled})
      if (auto good = (this->*step)(); !good) return tl::unexpected(good.error());
    return std::move(metrics_);
  }

 private:
  [[nodiscard]] bool is_wanted(std::string_view name) const {
    return options_.metrics.empty() || std::find(options_.metrics.begin(), options_.metrics.end(),
                                                 name) != options_.metrics.end();
  }

  [[nodiscard]] Result<Runner::Outcomes> side_by_side(const std::string& title,
                                                      std::vector<std::string> systems,
                                                      const Workload& same, unsigned runs) {
    return runner_.side_by_side(
        title, std::move(systems), [&](const std::string&) { return same; }, runs);
  }

  [[nodiscard]] Workload workload(Workload::Kind kind, std::uint64_t events,
                                  unsigned subscribers) const {
    Workload workload;
    workload.kind = kind;
    workload.events = events;
    workload.subscribers = subscribers;
    workload.tcp = options_.tcp;
    workload.folder = options_.data;
    return workload;
  }

  void add(std::string_view name, const char* unit, const Runner::Outcomes& outcomes,
           const ValueOf& value, const std::string& peer = {}) {
    if (!is_wanted(name)) return;
    metrics_.push_back(make_metric(std::string(name), unit, values_of(outcomes, sense_name, value),
                                   peer, values_of(outcomes, peer, value)));
  }

  Status durable() {
    std::vector<std::string> systems{sense_name};
    if (is_wanted(vs_zmq_proxy)) systems.emplace_back(zmq_proxy);
    if (is_wanted(vs_jetstream)) systems.emplace_back(jetstream);
    if (systems.size() == 1) return {};
    const auto outcomes =
        side_by_side("durable throughput", systems,
                     workload(Workload::Kind::throughput, options_.quick ? 50'000 : 1'000'000, 1),
                     options_.runs);
    if (!outcomes) return tl::unexpected(outcomes.error());
    add(vs_zmq_proxy, events_a_second, *outcomes, rate_of, zmq_proxy);
    add(vs_jetstream, events_a_second, *outcomes, rate_of, jetstream);
    return {};
  }

  Status sync() {
    if (!is_wanted(sync_publish)) return {};
    const auto outcomes = side_by_side(
        "synchronous publish", {sense_name, jetstream},
        workload(Workload::Kind::sync, options_.quick ? 500 : 20'000, 0), options_.runs);
    if (!outcomes) return tl::unexpected(outcomes.error());
    add(sync_publish, events_a_second, *outcomes, rate_of, jetstream);
    return {};
  }

  Status latency() {
    if (!is_wanted(latency_p50) && !is_wanted(latency_p99)) return {};
    auto open_loop = workload(Workload::Kind::latency, options_.quick ? 10'000 : 100'000, 1);
    open_loop.rate = latency_rate;
    const auto outcomes =
        side_by_side("latency at 10,000 events/s", {sense_name}, open_loop, options_.runs);
    if (!outcomes) return tl::unexpected(outcomes.error());
    add(latency_p50, "ms", *outcomes, [](const Outcome& outcome) { return outcome.p50; });
    add(latency_p99, "ms", *outcomes, [](const Outcome& outcome) { return outcome.p99; });
    return {};
  }

  // Once: it takes long, and what it shows does not vary.
  Status stalled() {
    if (!is_wanted(stalled_rss) && !is_wanted(replay_rate)) return {};
    const auto events = std::uint64_t{options_.quick ? 200'000U : 10'000'000U};
    const auto outcomes = side_by_side(
        "one subscriber stopped, then a replay", {sense_name},
        workload(Workload::Kind::stalled, events, is_wanted(stalled_rss) ? crowd : 0), 1);
    if (!outcomes) return tl::unexpected(outcomes.error());
    add(stalled_rss, "MiB", *outcomes, [](const Outcome& outcome) { return outcome.server_rss; });
    add(replay_rate, events_a_second, *outcomes, [events](const Outcome& outcome) {
      return static_cast<double>(events) / outcome.replay_seconds;
    });
    return {};
  }

  Runner& runner_;
  const BusOptions& options_;
  std::vector<Metric> metrics_;
};

}  // namespace

std::span<const std::string_view> bus_metric_names() { return names; }

Result<std::vector<Metric>> measure_bus(Runner& runner, const BusOptions& options) {
  return Measurement(runner, options).run();
}

}  // namespace sense::bench

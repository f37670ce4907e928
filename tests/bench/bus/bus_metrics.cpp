// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bus/bus_metrics.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace sense::bench {

namespace {

constexpr std::string_view vs_zmq_proxy = "durable_throughput_vs_zmq_proxy";
constexpr std::string_view vs_jetstream = "durable_throughput_vs_jetstream";
constexpr std::string_view gateway_rate = "gateway_throughput_vs_zmq_proxy";
constexpr std::string_view sync_publish = "sync_publish_vs_jetstream";
constexpr std::string_view latency_p50 = "latency_10k_p50";
constexpr std::string_view latency_p99 = "latency_10k_p99";
constexpr std::string_view stopped_p99 = "stopped_subscribers_p99";
constexpr std::string_view stalled_rss = "stalled_subscriber_rss";
constexpr std::string_view stalled_missed = "stalled_plain_missed";
constexpr std::string_view replay_rate = "replay_rate";
constexpr std::array names{vs_zmq_proxy, vs_jetstream, gateway_rate, sync_publish,   latency_p50,
                           latency_p99,  stopped_p99,  stalled_rss,  stalled_missed, replay_rate};

constexpr auto zmq_proxy = "zmq_proxy";
constexpr auto jetstream = "jetstream";
// SENSE with another workload than its first.
constexpr auto by_gateway = "sense_gateway";
constexpr auto none_stopped = "sense_none_stopped";
// The machine itself.
constexpr auto bare_tcp = "bare_tcp";
constexpr auto bare_fdatasync = "bare_fdatasync";
constexpr auto events_a_second = "events/s";
constexpr std::uint64_t latency_rate = 10'000;
constexpr std::uint64_t stopped_rate = 2'000;  // so that ten subscribers keep up
constexpr unsigned stopped_of = 10;            // all but one
constexpr unsigned crowd = 16;

using Values = std::vector<double>;
using ValueOf = std::function<double(const Outcome&)>;

Values values_of(const Runner::Outcomes& outcomes, const std::string& name, const ValueOf& value) {
  Values values;
  if (const auto found = outcomes.find(name); found != outcomes.end())
    for (const auto& outcome : found->second) values.push_back(value(outcome));
  return values;
}

// Of the systems that a metric compares.
struct Names {
  std::string peer = {};
  std::string limit = {};
  std::string own = sense_name;
};

class Measurement {
 public:
  Measurement(Runner& runner, const BusOptions& options) : runner_(runner), options_(options) {}

  Result<std::vector<Metric>> run() {
    for (const auto step : {&Measurement::durable, &Measurement::sync, &Measurement::latency,
                            &Measurement::stopped, &Measurement::stalled})
      if (auto good = (this->*step)(); !good) return tl::unexpected(good.error());
    return std::move(metrics_);
  }

 private:
  [[nodiscard]] bool is_wanted(std::string_view name) const {
    return options_.metrics.empty() || std::find(options_.metrics.begin(), options_.metrics.end(),
                                                 name) != options_.metrics.end();
  }

  // Each with the workload that its name asks for.
  [[nodiscard]] Result<Runner::Outcomes> side_by_side(const std::string& title,
                                                      std::vector<std::string> systems,
                                                      const Workload& first, unsigned runs) {
    return runner_.side_by_side(
        title, std::move(systems),
        [&](const std::string& name) {
          auto workload = first;
          if (name == by_gateway) workload.receiver = Workload::Receiver::gateway;
          if (name == none_stopped) workload.stopped = 0;
          return workload;
        },
        runs);
  }

  [[nodiscard]] Workload workload(Workload::Kind kind, std::uint64_t events,
                                  unsigned subscribers) const {
    Workload workload;
    workload.kind = kind;
    workload.events = events;
    workload.subscribers = subscribers;
    workload.transport = options_.transport;
    workload.folder = options_.data;
    return workload;
  }

  void add(std::string_view name, const char* unit, const Runner::Outcomes& outcomes,
           const ValueOf& value, const Names& systems = {}) {
    if (!is_wanted(name)) return;
    metrics_.push_back(make_metric(std::string(name), unit, values_of(outcomes, systems.own, value),
                                   {systems.peer, values_of(outcomes, systems.peer, value)},
                                   {systems.limit, values_of(outcomes, systems.limit, value)}));
  }

  Status durable() {
    std::vector<std::string> systems{sense_name};
    if (is_wanted(gateway_rate)) systems.emplace_back(by_gateway);
    if (is_wanted(vs_zmq_proxy) || is_wanted(gateway_rate)) systems.emplace_back(zmq_proxy);
    if (is_wanted(vs_jetstream)) systems.emplace_back(jetstream);
    if (systems.size() == 1) return {};
    systems.insert(systems.end(), {bare_tcp, bare_fdatasync});
    const auto outcomes =
        side_by_side("durable throughput", systems,
                     workload(Workload::Kind::throughput, options_.quick ? 50'000 : 1'000'000, 1),
                     options_.runs);
    if (!outcomes) return tl::unexpected(outcomes.error());
    add(vs_zmq_proxy, events_a_second, *outcomes, rate_of, {zmq_proxy, bare_tcp});
    add(vs_jetstream, events_a_second, *outcomes, rate_of, {jetstream, bare_fdatasync});
    add(gateway_rate, events_a_second, *outcomes, rate_of, {zmq_proxy, bare_fdatasync, by_gateway});
    return {};
  }

  Status sync() {
    if (!is_wanted(sync_publish)) return {};
    const auto outcomes = side_by_side(
        "synchronous publish", {sense_name, jetstream, bare_fdatasync},
        workload(Workload::Kind::sync, options_.quick ? 500 : 20'000, 0), options_.runs);
    if (!outcomes) return tl::unexpected(outcomes.error());
    add(sync_publish, events_a_second, *outcomes, rate_of, {jetstream, bare_fdatasync});
    return {};
  }

  Status latency() {
    if (!is_wanted(latency_p50) && !is_wanted(latency_p99)) return {};
    auto open_loop = workload(Workload::Kind::latency, options_.quick ? 10'000 : 100'000, 1);
    open_loop.rate = latency_rate;
    const auto outcomes = side_by_side("latency at 10,000 events/s", {sense_name, bare_tcp},
                                       open_loop, options_.runs);
    if (!outcomes) return tl::unexpected(outcomes.error());
    add(latency_p50, "ms", *outcomes, [](const Outcome& outcome) { return outcome.p50; },
        {{}, bare_tcp});
    add(latency_p99, "ms", *outcomes, p99_of, {{}, bare_tcp});
    return {};
  }

  static double p99_of(const Outcome& outcome) { return outcome.p99; }

  // What those that go on notice of the others that do not.
  Status stopped() {
    if (!is_wanted(stopped_p99)) return {};
    auto open_loop =
        workload(Workload::Kind::latency, options_.quick ? 4'000 : stopped_rate * 30, stopped_of);
    open_loop.rate = stopped_rate;
    open_loop.stopped = stopped_of - 1;
    const auto outcomes = side_by_side("9 of 10 subscribers stopped, or none",
                                       {sense_name, none_stopped}, open_loop, options_.runs);
    if (!outcomes) return tl::unexpected(outcomes.error());
    add(stopped_p99, "ms", *outcomes, p99_of, {none_stopped});
    return {};
  }

  // Once: it takes long, and what it shows does not vary.
  Status stalled() {
    if (!is_wanted(stalled_rss) && !is_wanted(stalled_missed) && !is_wanted(replay_rate)) return {};
    const bool crowded = is_wanted(stalled_rss) || is_wanted(stalled_missed);
    const auto events = std::uint64_t{options_.quick ? 200'000U : 10'000'000U};
    const auto outcomes =
        side_by_side("one subscriber stopped, then a replay", {sense_name},
                     workload(Workload::Kind::stalled, events, crowded ? crowd : 0), 1);
    if (!outcomes) return tl::unexpected(outcomes.error());
    add(stalled_rss, "MiB", *outcomes, [](const Outcome& outcome) { return outcome.server_rss; });
    add(stalled_missed, "events", *outcomes, most_missed);
    add(replay_rate, events_a_second, *outcomes, [events](const Outcome& outcome) {
      return static_cast<double>(events) / outcome.replay_seconds;
    });
    return {};
  }

  // By one of the plain subscribers; the two followers miss none, or the run fails.
  static double most_missed(const Outcome& outcome) {
    const auto most = std::max_element(outcome.missed.begin(), outcome.missed.end());
    return most == outcome.missed.end() ? 0 : static_cast<double>(*most);
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

// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sense/sense_metrics.hpp"

#include <array>
#include <cstdio>

#include "tests/bench/harness/runner.hpp"
#include "tests/bench/sense/gateway_system.hpp"

namespace sense::bench {

namespace {

constexpr std::string_view one_client = "acked_deliveries_one_client";
constexpr std::string_view many_clients = "acked_deliveries_10k_clients";
constexpr std::string_view latency_p50 = "latency_10k_p50";
constexpr std::string_view latency_p99 = "latency_10k_p99";
constexpr std::string_view overhead = "lossy_overhead";
constexpr std::string_view registration = "registration_rate";
constexpr std::array names{one_client,  many_clients, latency_p50,
                           latency_p99, overhead,     registration};

constexpr auto raw_udp = "raw_udp";
constexpr auto bus_alone = "bus";
constexpr auto deliveries_a_second = "deliveries/s";
constexpr unsigned crowd = 10'000;
constexpr std::uint64_t latency_rate = 10'000;
constexpr std::uint64_t lossy_rate = 5'000;
constexpr double bad_share = 0.2;
// An EVENT with 256 octets of data is about as long.
constexpr std::size_t datagram_octets = 512;

using Values = std::vector<double>;

class Measurement {
 public:
  explicit Measurement(const MetricOptions& options) : options_(options) {}

  Result<std::vector<Metric>> run() {
    for (const auto step : {&Measurement::one, &Measurement::many, &Measurement::latency,
                            &Measurement::lossy, &Measurement::registrations})
      if (auto good = (this->*step)(); !good) return tl::unexpected(good.error());
    return std::move(metrics_);
  }

 private:
  [[nodiscard]] Workload workload(Workload::Kind kind, std::uint64_t events) const {
    Workload workload;
    workload.kind = kind;
    workload.events = options_.quick ? std::max<std::uint64_t>(events / 20, 1000) : events;
    workload.folder = options_.data;
    return workload;
  }

  [[nodiscard]] GatewaySystem::Setup setup(unsigned clients) const {
    GatewaySystem::Setup setup;
    setup.clients = clients;
    setup.plugins = options_.plugins;
    return setup;
  }

  // Once; what was acknowledged and did not arrive is a bug, not a metric.
  [[nodiscard]] static Result<Outcome> play(const Workload& workload, SystemUnderTest& system) {
    auto outcome = bench::run(workload, system);
    if (outcome && lost(workload, *outcome) > 0)
      return fail(Code::internalerror, std::to_string(lost(workload, *outcome)) + " of " +
                                           std::to_string(workload.events) +
                                           " acknowledged events did not arrive: that is a bug");
    return outcome;
  }

  void say(std::string_view title, unsigned run, double value, const char* unit) const {
    std::fprintf(stderr, "%s, run %u of %u: %s %s\n", std::string(title).c_str(), run,
                 options_.runs, shown(value).c_str(), unit);
  }

  // Deliveries and, right before each run, the sockets alone.
  Status deliveries(std::string_view name, unsigned clients, std::uint64_t events) {
    if (!options_.has(name)) return {};
    Values values, sockets;
    for (unsigned run = 1; run <= options_.runs; ++run) {
      auto datagrams = workload(Workload::Kind::throughput, events);
      datagrams.octets = datagram_octets;
      UdpSystem udp;
      const auto raw = bench::run(datagrams, udp);  // loses what the receiver is too slow for
      if (!raw) return tl::unexpected(raw.error());
      sockets.push_back(rate_of(*raw));
      say(raw_udp, run, sockets.back(), "datagrams/s");
      GatewaySystem gateway(setup(clients));
      const auto outcome = play(workload(Workload::Kind::throughput, events), gateway);
      if (!outcome) return tl::unexpected(outcome.error());
      values.push_back(rate_of(*outcome));
      say(name, run, values.back(), deliveries_a_second);
    }
    metrics_.push_back(
        make_metric(std::string(name), deliveries_a_second, values, {}, {raw_udp, sockets}));
    return {};
  }

  Status one() { return deliveries(one_client, 1, 1'000'000); }
  Status many() { return deliveries(many_clients, crowd, 1'000'000); }

  Status latency() {
    if (!options_.has(latency_p50) && !options_.has(latency_p99)) return {};
    Values p50, p99, bus_p50, bus_p99;
    for (unsigned run = 1; run <= options_.runs; ++run) {
      auto open_loop = workload(Workload::Kind::latency, 100'000);
      open_loop.rate = latency_rate;
      BusSystem bus;  // without a gateway: what the journal takes
      const auto alone = play(open_loop, bus);
      if (!alone) return tl::unexpected(alone.error());
      bus_p50.push_back(alone->p50);
      bus_p99.push_back(alone->p99);
      say(bus_alone, run, alone->p99, "ms");
      GatewaySystem gateway(setup(1));
      const auto outcome = play(open_loop, gateway);
      if (!outcome) return tl::unexpected(outcome.error());
      p50.push_back(outcome->p50);
      p99.push_back(outcome->p99);
      say(latency_p50, run, outcome->p50, "ms");
      say(latency_p99, run, outcome->p99, "ms");
    }
    if (options_.has(latency_p50))
      metrics_.push_back(make_metric(std::string(latency_p50), "ms", p50, {bus_alone, bus_p50}));
    if (options_.has(latency_p99))
      metrics_.push_back(make_metric(std::string(latency_p99), "ms", p99, {bus_alone, bus_p99}));
    return {};
  }

  // How many datagrams of events the gateway sends for each event, when a fifth of all datagrams is
  // lost, a fifth comes twice and a fifth is overtaken, both ways.
  Status lossy() {
    if (!options_.has(overhead)) return {};
    Values values;
    for (unsigned run = 1; run <= options_.runs; ++run) {
      auto open_loop = workload(Workload::Kind::latency, 50'000);
      open_loop.rate = lossy_rate;
      auto lossy_setup = setup(100);
      lossy_setup.network = {bad_share, bad_share, bad_share, run};
      GatewaySystem gateway(std::move(lossy_setup));
      const auto outcome = play(open_loop, gateway);
      if (!outcome) return tl::unexpected(outcome.error());
      values.push_back(static_cast<double>(gateway.events_sent()) /
                       static_cast<double>(open_loop.events));
      say(overhead, run, values.back(), "datagrams/event");
    }
    metrics_.push_back(make_metric(std::string(overhead), "datagrams/event", values));
    return {};
  }

  Status registrations() {
    if (!options_.has(registration)) return {};
    Values values;
    const unsigned clients = options_.quick ? 1'000 : 20'000;
    for (unsigned run = 1; run <= options_.runs; ++run) {
      GatewaySystem gateway(setup(clients));
      const auto outcome = play(workload(Workload::Kind::throughput, clients), gateway);
      if (!outcome) return tl::unexpected(outcome.error());
      values.push_back(clients / gateway.registration_seconds());
      say(registration, run, values.back(), "registrations/s");
    }
    metrics_.push_back(make_metric(std::string(registration), "registrations/s", values));
    return {};
  }

  const MetricOptions& options_;
  std::vector<Metric> metrics_;
};

}  // namespace

std::span<const std::string_view> sense_metric_names() { return names; }

Result<std::vector<Metric>> measure_sense(const MetricOptions& options) {
  return Measurement(options).run();
}

}  // namespace sense::bench

// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/http/http_metrics.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "tests/bench/bus/bus_system.hpp"
#include "tests/bench/harness/runner.hpp"
#include "tests/bench/http/callback_benchmark.hpp"
#include "tests/bench/http/http_clients.hpp"
#include "tests/bench/http/http_service.hpp"

namespace sense::bench {

namespace {

constexpr std::string_view single = "publish_single";
constexpr std::string_view batches = "publish_batch";
constexpr std::string_view reach = "sse_10k_reach";
constexpr std::string_view memory = "sse_memory";
constexpr std::string_view callbacks = "callbacks_vs_libcurl";
constexpr std::string_view callback_p99 = "callback_latency_p99";
constexpr std::array http_names{single, batches, reach, memory, callbacks, callback_p99};

constexpr unsigned publishers = 64;
constexpr unsigned events_in_batch = 100;
constexpr unsigned opened_at_once = 500;

std::string batch_request() {
  std::string body = "[";
  for (unsigned i = 0; i < events_in_batch; ++i) body.append(i == 0 ? "" : ",").append(one_event);
  return request_for("POST", "/v1/events", "application/cloudevents-batch+json", body + "]");
}

class HttpMeasurement {
 public:
  explicit HttpMeasurement(const MetricOptions& options) : options_(options) {}

  Result<std::vector<Metric>> run() {
    for (unsigned run = 1; run <= options_.runs; ++run) {
      for (const auto step : {&HttpMeasurement::publish_singly, &HttpMeasurement::publish_batches,
                              &HttpMeasurement::stream, &HttpMeasurement::call_back,
                              &HttpMeasurement::call_back_at_rate})
        if (auto good = (this->*step)(run); !good) return tl::unexpected(good.error());
    }
    std::vector<Metric> metrics;
    const auto add = [&](std::string_view name, const char* unit, const std::vector<double>& values,
                         const Beside& peer = {}) {
      if (options_.has(name) && !values.empty())
        metrics.push_back(make_metric(std::string(name), unit, values, peer));
    };
    add(single, "events/s", single_, {"bus", bus_});
    add(batches, "events/s", batches_, {"bus", bus_});
    add(reach, "ms", reach_);
    add(memory, "KiB/stream", memory_);
    add(callbacks, "callbacks/s", callbacks_, {"libcurl", bare_callbacks_});
    add(callback_p99, "ms", callback_p99_, {"bus", bus_p99_});
    return metrics;
  }

 private:
  void say(std::string_view title, unsigned run, double value, const char* unit) const {
    std::fprintf(stderr, "%s, run %u of %u: %s %s\n", std::string(title).c_str(), run,
                 options_.runs, shown(value).c_str(), unit);
  }
  [[nodiscard]] Duration time() const { return std::chrono::seconds{options_.quick ? 1 : 10}; }

  Status publish_repeatedly(std::string_view name, unsigned run, const std::string& request,
                            double events, std::vector<double>& values) {
    HttpService service(options_);
    if (auto good = service.start(); !good) return good;
    HttpClients clients(service.port());
    if (auto good = clients.open(publishers); !good) return good;
    const auto answered = clients.repeat(request, time());
    if (!answered) return tl::unexpected(answered.error());
    values.push_back(static_cast<double>(*answered) * events /
                     std::chrono::duration<double>(time()).count());
    say(name, run, values.back(), "events/s");
    return {};
  }

  // The bus alone, for both figures.
  Status measure_bus_alone(unsigned run) {
    if (bus_.size() == run) return {};
    Workload workload;
    workload.kind = Workload::Kind::throughput;
    workload.events = options_.quick ? 10'000 : 500'000;
    workload.folder = options_.data;
    BusSystem bus;
    const auto outcome = bench::run(workload, bus);
    if (!outcome) return tl::unexpected(outcome.error());
    bus_.push_back(rate_of(*outcome));
    say("bus", run, bus_.back(), "events/s");
    return {};
  }

  Status publish_singly(unsigned run) {
    if (!options_.has(single)) return {};
    if (auto good = measure_bus_alone(run); !good) return good;
    return publish_repeatedly(single, run, event_request(), 1, single_);
  }
  Status publish_batches(unsigned run) {
    if (!options_.has(batches)) return {};
    if (auto good = measure_bus_alone(run); !good) return good;
    return publish_repeatedly(batches, run, batch_request(), events_in_batch, batches_);
  }

  // Streams of one subscription: each gets each event, with its number.
  Status stream(unsigned run) {
    if (!options_.has(reach) && !options_.has(memory)) return {};
    const unsigned count = options_.quick ? 500 : 10'000;
    HttpService service(options_);
    if (auto good = service.start(); !good) return good;
    const auto subscription = service.subscribe();
    if (!subscription) return tl::unexpected(subscription.error());
    const auto before = service.resident();
    HttpClients clients(service.port());
    const auto request = request_for("GET", "/v1/subscriptions/" + *subscription + "/stream");
    for (unsigned opened = 0; opened < count; opened += opened_at_once) {
      if (auto good = clients.open(std::min(opened_at_once, count - opened)); !good) return good;
      if (auto good = clients.begin_streams(request); !good) return good;
    }
    // Each has been told once that its connection works.
    if (auto good =
            service.pause(options_.quick ? std::chrono::seconds{1} : std::chrono::seconds{16});
        !good)
      return good;
    memory_.push_back((service.resident() - before) / count);
    say(memory, run, memory_.back(), "KiB/stream");
    const auto seconds = clients.reach_all([&] { return service.publish(); });
    if (!seconds) return tl::unexpected(seconds.error());
    reach_.push_back(*seconds * 1000);
    say(reach, run, reach_.back(), "ms");
    return {};
  }

  // In turns before and after the bare requests.
  Status call_back(unsigned run) {
    if (!options_.has(callbacks)) return {};
    const auto rates = measure_callbacks(options_, run % 2 == 0);
    if (!rates && rates.error().code == Code::noserver) {
      std::fprintf(stderr, "%s: left out: %s\n", std::string(callbacks).c_str(),
                   rates.error().message.c_str());
      return {};
    }
    if (!rates) return tl::unexpected(rates.error());
    callbacks_.push_back(rates->sense);
    bare_callbacks_.push_back(rates->bare);
    say(callbacks, run, rates->sense, "callbacks/s");
    say("libcurl alone", run, rates->bare, "requests/s");
    return {};
  }

  // The bus at the same rate, and then callbacks.
  Status call_back_at_rate(unsigned run) {
    if (!options_.has(callback_p99)) return {};
    Workload workload;
    workload.kind = Workload::Kind::latency;
    workload.rate = callback_rate;
    workload.events = std::uint64_t{callback_rate} * (options_.quick ? 1 : 20);
    workload.folder = options_.data;
    BusSystem bus;
    const auto outcome = bench::run(workload, bus);
    if (!outcome) return tl::unexpected(outcome.error());
    bus_p99_.push_back(outcome->p99);
    say("bus at 5,000/s, p99", run, bus_p99_.back(), "ms");
    const auto p99 = measure_callback_latency(options_);
    if (!p99) return tl::unexpected(p99.error());
    callback_p99_.push_back(*p99);
    say(callback_p99, run, *p99, "ms");
    return {};
  }

  const MetricOptions& options_;
  std::vector<double> single_, batches_, reach_, memory_, bus_;
  std::vector<double> callbacks_, bare_callbacks_, callback_p99_, bus_p99_;
};

}  // namespace

std::span<const std::string_view> http_metric_names() { return http_names; }

Result<std::vector<Metric>> measure_http(const MetricOptions& options) {
  return HttpMeasurement(options).run();
}

}  // namespace sense::bench

// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/http/http_metrics.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "tests/bench/bus/bus_system.hpp"
#include "tests/bench/harness/runner.hpp"
#include "tests/bench/harness/work_folder.hpp"
#include "tests/bench/http/http_clients.hpp"

namespace sense::bench {

namespace {

constexpr std::string_view single = "publish_single";
constexpr std::string_view batches = "publish_batch";
constexpr std::string_view reach = "sse_10k_reach";
constexpr std::string_view memory = "sse_memory";
constexpr std::array http_names{single, batches, reach, memory};

constexpr auto http_config_file = "sense.yaml";
constexpr unsigned publishers = 64;
constexpr unsigned events_in_batch = 100;
constexpr unsigned opened_at_once = 500;
constexpr const char* one_event =
    R"({"specversion":"1.0","type":"{urn:example:bench}event","source":"/bench","data":{"n":1}})";

std::string request_for(const std::string& method, const std::string& path,
                        const std::string& type = "", const std::string& body = "") {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!type.empty())
    text += "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

std::string event_request() {
  return request_for("POST", "/v1/events", "application/cloudevents+json", one_event);
}

std::string batch_request() {
  std::string body = "[";
  for (unsigned i = 0; i < events_in_batch; ++i) body.append(i == 0 ? "" : ",").append(one_event);
  return request_for("POST", "/v1/events", "application/cloudevents-batch+json", body + "]");
}

double resident_kibibytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  double size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

// A broker and a gateway in a folder of their own.
class HttpService {
 public:
  explicit HttpService(const MetricOptions& options) : options_(options) {}

  Status start() {
    if (auto good = folder_.enter(options_.data); !good) return good;
    const auto port = free_port();
    if (!port) return tl::unexpected(port.error());
    port_ = *port;
    std::ofstream file(http_config_file);
    file << "data: .\n"
            "bus: {service: ipc://service, events: ipc://events, publish: ipc://publish}\n"
            "gateways:\n  http: {listen: \"127.0.0.1:"
         << port_ << "\", max-connections: 1000, max-streams: 20000, max-streams-per-address: 0}\n";
    if (!file.flush())
      return fail(Code::system, std::string(http_config_file) + " cannot be written");
    for (const auto& words : {std::vector<std::string>{"broker"}, {"gateway", "http"}}) {
      auto started = start_sense(children_, words, http_config_file, options_.plugins);
      if (!started) return tl::unexpected(started.error());
      gateway_ = *started;
    }
    return until_ready();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] double resident() const { return resident_kibibytes(gateway_); }
  Status pause(Duration time) { return children_.pause(time); }

  // Of the events that publish() makes, by a client that asks. Its id.
  Result<std::string> subscribe() {
    HttpClients one(port_);
    if (auto good = one.open(1); !good) return tl::unexpected(good.error());
    const auto made = one.ask(
        request_for("POST", "/v1/subscriptions", "application/json",
                    R"({"callback":"pull:","types":["{urn:example:bench}event"],"period":"1h"})"));
    if (!made) return made;
    constexpr std::string_view member = R"("id":")";
    const auto at = made->find(member);
    if (at == std::string::npos) return fail(Code::protoerror, "no subscription: " + *made);
    auto id = made->substr(at + member.size());
    id.resize(id.find('"'));
    // It is served once it is active.
    for (int i = 0; i < 200; ++i) {
      const auto shown_now = one.ask(request_for("GET", "/v1/subscriptions/" + id));
      if (shown_now && shown_now->find(R"("state":"active")") != std::string::npos) return id;
      if (auto good = children_.pause(std::chrono::milliseconds{20}); !good)
        return tl::unexpected(good.error());
    }
    return fail(Code::timeout, "the subscription did not become active");
  }

  // One event, by a connection of its own.
  Status publish() {
    HttpClients one(port_);
    if (auto good = one.open(1); !good) return good;
    const auto answered = one.repeat(event_request(), Duration{1});
    return answered ? Status() : tl::unexpected(answered.error());
  }

 private:
  // A publish is answered once the broker and the gateway are there.
  Status until_ready() {
    Status last;
    for (int i = 0; i < 200; ++i) {
      if (auto good = children_.pause(std::chrono::milliseconds{50}); !good) return good;
      if (last = publish(); last) return last;
    }
    return fail(last.error().code, last.error().message + last_words_of_servers());
  }

  const MetricOptions& options_;
  WorkFolder folder_;
  Children children_;
  std::uint16_t port_ = 0;
  pid_t gateway_ = 0;
};

class HttpMeasurement {
 public:
  explicit HttpMeasurement(const MetricOptions& options) : options_(options) {}

  Result<std::vector<Metric>> run() {
    for (unsigned run = 1; run <= options_.runs; ++run) {
      for (const auto step : {&HttpMeasurement::publish_singly, &HttpMeasurement::publish_batches,
                              &HttpMeasurement::stream})
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

  const MetricOptions& options_;
  std::vector<double> single_, batches_, reach_, memory_, bus_;
};

}  // namespace

std::span<const std::string_view> http_metric_names() { return http_names; }

Result<std::vector<Metric>> measure_http(const MetricOptions& options) {
  return HttpMeasurement(options).run();
}

}  // namespace sense::bench

// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/dead_endpoints_benchmark.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <vector>

#include "cli/listen/http_receiver.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/subscription/subscription.hpp"
#include "tests/bench/harness/work_folder.hpp"
#include "tests/bench/http/bus_client.hpp"
#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto dead_config_file = "sense.yaml";
// The gateway finds its subscriptions, and connects to each endpoint.
constexpr auto settling = std::chrono::seconds{5};
constexpr unsigned rate = 500;  // events a second, each for one endpoint, in turn

std::string dead_type() { return "{urn:example:bench}event"; }
std::string source_of_endpoint(unsigned number) {
  return "//bench.example/" + std::to_string(number);
}
std::string address_of_endpoint(unsigned number) {
  return "127.1." + std::to_string(number / 250) + "." + std::to_string(number % 250 + 1);
}

Status write_dead_config() {
  std::ofstream file(dead_config_file);
  file << "data: .\n"
          "bus: {service: ipc://service, events: ipc://events, publish: ipc://publish}\n"
          "egress: {allow: [127.0.0.0/8]}\n"
          "gateways:\n"
          "  http: {listen: \"127.0.0.1:0\", endpoints-per-owner-max: 10000000,\n"
          "    waiting-per-owner-max: 0}\n";
  if (!file.flush())
    return fail(Code::system, std::string(dead_config_file) + " cannot be written");
  return {};
}

// One web hook, until it dies; then its port takes connections and never answers.
class Endpoint {
 public:
  static Result<Endpoint> open(asio::io_context& io, unsigned number,
                               cli::HttpReceiver::OnEvent on_event) {
    auto receiver = cli::HttpReceiver::open(io, "http://" + address_of_endpoint(number) + ":0/hook",
                                            std::move(on_event));
    if (!receiver) return tl::unexpected(receiver.error());
    Endpoint endpoint;
    endpoint.callback_ = (*receiver)->callback();
    endpoint.receiver_ = std::move(*receiver);
    return endpoint;
  }
  [[nodiscard]] const std::string& callback() const { return callback_; }

  Status die(asio::io_context& io) {
    receiver_.reset();
    const auto uri = parse_uri(callback_);
    const tcp::endpoint at(asio::ip::make_address(uri->host), *uri->port);
    boost::system::error_code error;
    silent_ = std::make_unique<tcp::acceptor>(io);
    (void)silent_->open(at.protocol(), error);
    (void)silent_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) (void)silent_->bind(at, error);
    if (!error) (void)silent_->listen(tcp::acceptor::max_listen_connections, error);
    if (error) return fail(Code::addrnotavail, callback_ + ": " + error.message());
    return {};
  }

 private:
  std::string callback_;
  std::unique_ptr<cli::HttpReceiver> receiver_;
  std::unique_ptr<tcp::acceptor> silent_;
};

class DeadEndpointsRun {
 public:
  explicit DeadEndpointsRun(const MetricOptions& options)
      : options_(options), all_(options.quick ? 100 : 1000), seconds_(options.quick ? 1 : 10) {}

  Result<double> run() {
    double all_alive = 0, half_dead = 0;
    auto good = start();
    if (good) good = subscribe();
    if (good) good = client_.run_for(settling);
    if (good) good = measure(all_alive);
    for (auto i = living(); good && i < all_; ++i) good = endpoints_[i].die(client_.io());
    if (good) good = measure(half_dead);
    if (!good) return fail(good.error().code, good.error().message + last_words_of_servers());
    std::fprintf(stderr, "web hooks: p99 %s ms, and %s ms while half of them are dead\n",
                 shown(all_alive).c_str(), shown(half_dead).c_str());
    return (half_dead / all_alive - 1) * 100;
  }

 private:
  [[nodiscard]] unsigned living() const { return all_ / 2; }

  Status start() {
    if (auto good = folder_.enter(options_.data); !good) return good;
    if (auto good = write_dead_config(); !good) return good;
    for (const auto& words : {std::vector<std::string>{"broker"}, {"gateway", "http"}}) {
      if (auto started = start_sense(children_, words, dead_config_file, options_.plugins);
          !started)
        return tl::unexpected(started.error());
    }
    for (unsigned i = 0; i < all_; ++i) {
      auto endpoint =
          Endpoint::open(client_.io(), i, [this, i](const auto& event) { on_event(i, event); });
      if (!endpoint) return tl::unexpected(endpoint.error());
      endpoints_.push_back(std::move(*endpoint));
    }
    return client_.connect();
  }

  Status subscribe() {
    for (unsigned i = 0; i < all_; ++i) {
      Subscription subscription;
      subscription.id = "s-" + std::to_string(i);
      subscription.types = {*TypePattern::parse(dead_type())};
      subscription.sources = {*SourcePattern::parse(source_of_endpoint(i))};
      subscription.callback = endpoints_[i].callback();
      client_.put(std::move(subscription));
    }
    return client_.run_until([&] { return client_.unanswered() == 0; }, "subscriptions answered");
  }

  // Open loop: events leave at their times, whatever became of those before.
  Status measure(double& p99) {
    samples_.clear();
    const auto events = rate * seconds_;
    std::size_t expected = 0;
    const auto begin = mono_now();
    for (unsigned sent = 0; sent < events; ++sent) {
      const auto due = begin + Duration{std::chrono::seconds{1}} * sent / rate;
      if (auto good = client_.run_for(due - mono_now()); !good) return good;
      const auto endpoint = published_ % all_;
      if (endpoint < living()) ++expected;
      publish(endpoint, due);
    }
    if (auto good = client_.run_until([&] { return samples_.size() >= expected; },
                                      "events have arrived at living endpoints");
        !good)
      return good;
    std::sort(samples_.begin(), samples_.end());
    p99 = percentile(samples_, 0.99);
    return {};
  }

  void publish(unsigned endpoint, MonoTime due) {
    Event event;
    event.id = "event-" + std::to_string(++published_);
    event.type = *QName::parse(dead_type());
    event.source = source_of_endpoint(endpoint);
    event.datacontenttype = "text/plain";
    event.data = std::to_string(due.time_since_epoch().count());
    client_.publish(std::move(event));
  }

  void on_event(unsigned endpoint, const cli::ReceivedEvent& event) {
    if (endpoint >= living()) return;
    const auto due = parse_integer<std::int64_t>(event.data);
    if (!due) return;
    samples_.push_back(static_cast<double>(mono_now().time_since_epoch().count() - *due) / 1000);
  }

  const MetricOptions& options_;
  const unsigned all_;
  const unsigned seconds_;  // of each measurement
  WorkFolder folder_;
  Children children_;
  BusClient client_{children_};
  std::vector<Endpoint> endpoints_;
  std::vector<double> samples_;
  unsigned published_ = 0;
};

}  // namespace

Result<double> dead_endpoints_growth(const MetricOptions& options) {
  return DeadEndpointsRun(options).run();
}

}  // namespace sense::bench

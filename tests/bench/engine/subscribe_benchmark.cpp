// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/subscribe_benchmark.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>

#include "cli/listen/http_receiver.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/bus/bus.hpp"
#include "core/bus/proof.hpp"
#include "tests/bench/harness/work_folder.hpp"
#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Json = nlohmann::json;

constexpr auto config_file = "sense.yaml";
constexpr auto look_interval = std::chrono::milliseconds{20};
constexpr auto patience = std::chrono::seconds{30};
constexpr unsigned warm_up = 50;
// Told of one event together: less than may wait for one endpoint (core/egress/transfer.hpp).
constexpr unsigned group_size = 1000;

const QName& type() {
  static const auto name = *QName::parse("{urn:example:bench}event");
  return name;
}

std::string source_of(unsigned number) { return "//bench.example/" + std::to_string(number); }
std::string source_of_group(unsigned group) {
  return "//bench.example/group/" + std::to_string(group);
}

// Consent is remembered for owners that have proved who they are.
Status write_access_file(const std::string& token) {
  const auto text = "principals:\n  - {name: bench, proofs: [{token: \"" +
                    proof_of_token(token).value + "\"}], publish: [\"*\"], subscribe: [\"*\"]}\n";
  return write_secret_file("allow.yaml", text);
}

Status write_config() {
  std::ofstream file(config_file);
  file << "data: .\n"
          "broker: {access-file: allow.yaml, subscriptions-per-principal-max: 10000000}\n"
          "bus: {service: ipc://service, events: ipc://events, publish: ipc://publish}\n"
          "egress: {allow: [127.0.0.0/8]}\n"
          "gateways:\n"
          "  http: {listen: \"127.0.0.1:0\", endpoints-per-owner-max: 10000000,\n"
          "    verifications-per-address-hour: 0,\n"
          "    verifications-per-address-day: 0, verifications-per-owner-hour: 0,\n"
          "    verifications-per-owner-day: 0, verifications-hour: 0, verifications-day: 0}\n";
  if (!file.flush()) return fail(Code::system, std::string(config_file) + " cannot be written");
  return {};
}

// One connection to the gateway, kept open; one request at a time.
class Client {
 public:
  using Answered = std::function<void(unsigned status, const std::string& body)>;
  using Failed = std::function<void(const std::string& why)>;

  Client(asio::io_context& io, Failed failed) : socket_(io), failed_(std::move(failed)) {}

  void connect(const tcp::endpoint& gateway, const std::string& token) {
    error_code error;
    socket_.connect(gateway, error);
    if (!error) socket_.set_option(tcp::no_delay(true), error);
    if (error) failed_("the gateway cannot be reached: " + error.message());
    request_.method(http::verb::post);
    request_.target("/v1/subscriptions");
    request_.set(http::field::host, "127.0.0.1:" + std::to_string(gateway.port()));
    request_.set(http::field::content_type, "application/json");
    request_.set(http::field::authorization, "Bearer " + token);
  }
  void post(std::string body, Answered answered) {
    request_.body() = std::move(body);
    request_.prepare_payload();
    answered_ = std::move(answered);
    http::async_write(socket_, request_, [this](error_code error, std::size_t) {
      if (error) return failed_("the gateway hung up: " + error.message());
      read();
    });
  }

 private:
  void read() {
    response_ = {};
    http::async_read(socket_, buffer_, response_, [this](error_code error, std::size_t) {
      if (error) return failed_("the gateway did not answer: " + error.message());
      answered_(response_.result_int(), response_.body());
    });
  }

  tcp::socket socket_;
  Failed failed_;
  Answered answered_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
  boost::beast::flat_buffer buffer_;
};

class BenchmarkRun {
 public:
  explicit BenchmarkRun(const SubscribeBenchmark& benchmark) : benchmark_(benchmark) {}
  ~BenchmarkRun() {
    if (bus_) bus_->close();
  }
  BenchmarkRun(const BenchmarkRun&) = delete;
  BenchmarkRun& operator=(const BenchmarkRun&) = delete;

  Result<SubscribeOutcome> run() {
    if (auto good = start(); !good) finish(good);
    if (!finished_) io_.run();
    if (failure_) return outcome();
    return fail(failure_.error().code, failure_.error().message + last_words_of_servers());
  }

 private:
  // A subscription that was asked for and is not yet known to be effective.
  struct Begun {
    unsigned client = 0;
    unsigned number = 0;
    MonoTime asked;
    std::optional<MonoTime> answered;
    std::optional<MonoTime> verified;  // may be seen before the answer
  };

  // ---- broker, gateway, callbacks

  Status start() {
    if (auto good = folder_.enter(benchmark_.data); !good) return good;
    if (auto good = write_access_file(token_); !good) return good;
    if (auto good = write_config(); !good) return good;
    for (const auto& words : {std::vector<std::string>{"broker"}, {"gateway", "http"}}) {
      if (auto started = start_sense(children_, words, config_file, benchmark_.plugins); !started)
        return tl::unexpected(started.error());
    }
    auto receiver = cli::HttpReceiver::open(io_, "http://127.0.0.1:0/hook",
                                            [this](const auto& event) { on_received(event); });
    if (!receiver) return tl::unexpected(receiver.error());
    receiver_ = std::move(*receiver);
    sense::BusOptions options;
    options.service = "ipc://service";
    options.events = "ipc://events";
    options.executor = [this](std::function<void()> task) { asio::post(io_, std::move(task)); };
    auto bus = connect_zmq_bus(std::move(options));
    if (!bus) return tl::unexpected(bus.error());
    bus_ = std::move(*bus);
    bus_->follow(0, {"{urn:sense:management}subscription-verified "},
                 [this](const Batch& batch) { on_batch(batch); });
    moved_ = mono_now();
    watch();
    find_gateway();
    return {};
  }

  void later(Duration pause, std::function<void()> task) {
    auto timer = std::make_shared<asio::steady_timer>(io_, pause);
    timer->async_wait([timer, task = std::move(task)](error_code error) {
      if (!error) task();
    });
  }

  void watch() {
    if (finished_) return;
    if (auto good = children_.pause(Duration{0}); !good) return finish(good);
    if (mono_now() - moved_ > patience)
      return finish(fail(Code::timeout, what_waits() + " for " + to_text(Duration{patience})));
    later(look_interval, [this] { watch(); });
  }

  [[nodiscard]] std::string what_waits() const {
    if (clients_.empty()) return "the gateway has not said where it listens";
    if (!unproved_.empty()) return std::to_string(unproved_.size()) + " events were not delivered";
    return std::to_string(begun_.size()) + " subscriptions were not verified";
  }

  // Where it listens stands in the registry.
  void find_gateway() {
    bus_->registry_get("gateway", "http", [this](const Result<RegistryEntry>& entry) {
      if (finished_) return;
      const auto json = entry ? Json::parse(entry->value, nullptr, false) : Json();
      const auto port = port_in(json);
      if (port == 0) return later(look_interval, [this] { find_gateway(); });
      for (unsigned i = 0; i < benchmark_.at_once; ++i) {
        clients_.push_back(std::make_unique<Client>(
            io_, [this](const auto& why) { finish(fail(Code::commerror, why)); }));
        clients_.back()->connect({asio::ip::address_v4::loopback(), port}, token_);
      }
      create(0);
    });
  }

  static std::uint16_t port_in(const Json& entry) {
    if (!entry.is_object() || !entry.contains("listening") || entry["listening"].empty()) return 0;
    const auto uri = parse_uri(entry["listening"][0].get<std::string>());
    return uri && uri->port ? *uri->port : 0;
  }

  // ---- the way of one subscription

  void create(unsigned client) {
    const auto number = ++created_;
    if (number == warm_up + 1) begin_ = mono_now();
    const auto callback = receiver_->callback() + (benchmark_.remembered ? "?all" : "?n=") +
                          (benchmark_.remembered ? "" : std::to_string(number));
    const Json body{{"callback", callback},
                    {"types", {type().clark()}},
                    {"sources", {source_of(number), source_of_group(number / group_size)}},
                    {"period", "1h"}};
    const auto asked = mono_now();
    clients_[client]->post(
        json_text(body), [this, client, number, asked](unsigned status, const std::string& answer) {
          on_answer({client, number, asked, mono_now(), std::nullopt}, status, answer);
        });
  }

  void on_answer(const Begun& begun, unsigned status, const std::string& answer) {
    if (finished_) return;
    constexpr unsigned unavailable = 503;  // it does not know the token yet
    if (status == unavailable && created_ == 1) {
      created_ = 0;
      return later(look_interval, [this, client = begun.client] { create(client); });
    }
    const auto json = Json::parse(answer, nullptr, false);
    if (status != 201 || !json.is_object())
      return finish(fail(Code::internalerror, "the gateway answered HTTP status " +
                                                  std::to_string(status) + ": " +
                                                  printable(answer.substr(0, 300))));
    const auto id = json.value("id", "");
    auto& kept = begun_[id];
    const auto verified = kept.verified;
    kept = begun;
    kept.verified = verified;
    if (verified) on_effective(id);
  }

  void on_batch(const Batch& batch) {
    for (const auto& event : batch.events) {
      auto& kept = begun_[event->subject];
      kept.verified = mono_now();
      if (kept.answered) on_effective(event->subject);
    }
    bus_->resume();
  }

  void on_effective(const std::string& id) {
    const auto begun = begun_.extract(id).mapped();
    moved_ = mono_now();
    end_ = std::max(*begun.verified, *begun.answered);
    if (begun.number > warm_up) latencies_.push_back(milliseconds(end_ - begun.asked));
    if (benchmark_.at_once == 1) return prove(source_of(begun.number), {id});
    groups_[begun.number / group_size].push_back(id);
    go_on(begun.client);
  }

  void go_on(unsigned client) {
    const auto all = warm_up + benchmark_.count;
    if (created_ == warm_up && begin_ == MonoTime{}) {
      for (unsigned i = 0; i < clients_.size(); ++i) create(i);
      return;
    }
    if (created_ < all) return create(client);
    if (!begun_.empty()) return;
    if (benchmark_.at_once == 1) return finish({});
    prove_next();
  }

  // ---- the proof

  // An event that each of these is to get as its first.
  void prove(const std::string& source, const std::vector<std::string>& ids) {
    unproved_ = {ids.begin(), ids.end()};
    Event event;
    event.id = "event-" + std::to_string(++published_);
    event.type = type();
    event.source = source;
    bus_->publish(std::move(event), [this](const Result<Receipt>& receipt) {
      if (!receipt) finish(tl::unexpected(receipt.error()));
    });
  }

  // One after the other, the next one is created; all at once, groups of them end it.
  void prove_next() {
    if (benchmark_.at_once == 1) return go_on(0);
    if (groups_.empty()) return finish({});
    const auto group = groups_.extract(groups_.begin());
    prove(source_of_group(group.key()), group.mapped());
  }

  void on_received(const cli::ReceivedEvent& event) {
    if (finished_) return;
    moved_ = mono_now();
    if (event.number != "1")
      return finish(fail(Code::internalerror, "subscription " + printable(event.subscription) +
                                                  " got event " + printable(event.id) +
                                                  " as its number " + printable(event.number) +
                                                  ", not 1: that is a bug"));
    // What is not awaited is a repeat, which is promised to be possible.
    if (unproved_.erase(event.subscription) > 0 && unproved_.empty()) prove_next();
  }

  // ---- the end

  void finish(const Status& how) {
    if (finished_) return;
    finished_ = true;
    failure_ = how;
    io_.stop();
  }

  static double milliseconds(Duration duration) {
    return static_cast<double>(duration.count()) / 1000;
  }

  Result<SubscribeOutcome> outcome() {
    std::sort(latencies_.begin(), latencies_.end());
    return SubscribeOutcome{
        percentile(latencies_, 0.50), percentile(latencies_, 0.99),
        static_cast<double>(latencies_.size()) * 1000 / milliseconds(end_ - begin_)};
  }

  const SubscribeBenchmark& benchmark_;
  WorkFolder folder_;
  Children children_;
  asio::io_context io_{1};
  std::unique_ptr<cli::HttpReceiver> receiver_;
  std::unique_ptr<Bus> bus_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unordered_map<std::string, Begun> begun_;  // by id
  const std::string token_ = make_token();
  unsigned created_ = 0;
  unsigned published_ = 0;
  std::map<unsigned, std::vector<std::string>> groups_;  // to be proved at the end
  std::set<std::string> unproved_;                       // without the event so far
  std::vector<double> latencies_;
  MonoTime begin_{};
  MonoTime end_{};
  MonoTime moved_{};
  bool finished_ = false;
  Status failure_;
};

}  // namespace

Result<SubscribeOutcome> run_subscribe_benchmark(const SubscribeBenchmark& benchmark) {
  return BenchmarkRun(benchmark).run();
}

}  // namespace sense::bench

// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.hpp"

#include <mutex>
#include <optional>

#include "broker/commit_loop.hpp"
#include "broker/network_loop.hpp"
#include "broker/reader_loop.hpp"
#include "core/admin/admin_listener.hpp"
#include "core/base/log.hpp"
#include "core/bus/mailbox.hpp"

namespace sense {

namespace {

constexpr Duration stalled_after = std::chrono::seconds{5};

class LoopsBroker final : public Broker {
 public:
  explicit LoopsBroker(BrokerConfig config) : config_(std::move(config)) {}

  Status open() {
    for (const auto& sentence : config_.settings.renamed()) log::warn(sentence);
    auto store = Store::open(config_.data);
    if (!store) return tl::unexpected(store.error());
    commits_.emplace(std::move(*store), config_.settings, counters_, audit_, results_, measures());
    if (auto status = commits_->open(config_.subscriptions); !status) return status;
    auto reader = Reader::open(config_.data, counters_);
    if (!reader) return tl::unexpected(reader.error());
    reads_.emplace(std::move(*reader), config_.settings, answers_, counters_, results_,
                   ReaderLoop::Hooks{[this](Journal::Range range) { commits_->note_damage(range); },
                                     [this](IncomingRef incoming) { list(std::move(incoming)); }});
    network_.emplace(config_, *commits_, *reads_, answers_, results_, counters_, audit_);
    if (auto status = network_->open(); !status) return status;
    auto admin = AdminListener::open(config_.settings.text("admin-listen"),
                                     {[this](auto task) { network_->post(std::move(task)); },
                                      [this] { return report(); }, counters_, metrics_});
    if (!admin) return tl::unexpected(admin.error());
    admin_ = std::move(*admin);
    return {};
  }

  Status run() override {
    commits_->start([this](Error error) { fail_stop(std::move(error)); });
    reads_->start();
    const auto bound = endpoints();
    log::info("broker is ready", {{"service", bound.service},
                                  {"events", bound.events},
                                  {"publish", bound.publish},
                                  {"head", std::to_string(network_->head())}});
    if (const auto status = network_->run(); !status) {
      log::error("the sockets of the broker failed; the broker stops",
                 {{"reason", status.error().message}});
      fail_stop(status.error());
    }
    reads_->stop();
    commits_->stop();
    const std::lock_guard lock(failure_mutex_);
    if (failure_) return tl::unexpected(*failure_);
    log::info("broker has stopped", {{"head", std::to_string(network_->head())}});
    return {};
  }

  void stop() override { network_->stop(); }
  [[nodiscard]] BusEndpoints endpoints() const override { return network_->endpoints(); }

 private:
  [[nodiscard]] CommitLoop::Measures measures() {
    using Unit = Metrics::Unit;
    return {metrics_.histogram("sense_broker_commit_seconds",
                               "Time to write and sync a group of requests", Unit::seconds),
            metrics_.histogram("sense_broker_commit_requests", "Requests in a group", Unit::number),
            metrics_.histogram("sense_broker_ingest_seconds",
                               "Time from when a request was received until it is stored",
                               Unit::seconds)};
  }

  [[nodiscard]] std::size_t octets(const char* key) const {
    return static_cast<std::size_t>(config_.settings.size(key));
  }

  [[nodiscard]] std::uint64_t count(const char* key) const {
    return static_cast<std::uint64_t>(config_.settings.integer(key));
  }

  // On the network thread: the endpoints are bound and the journal is open, or it would not run.
  [[nodiscard]] std::string report() const {
    waiting_.set(static_cast<double>(commits_->waiting_octets()));
    const auto committing = commits_->committing_for(mono_now());
    if (committing < stalled_after) return {};
    return "the journal has not stored a group of events for " + to_text(committing) +
           "; is the disk overloaded?";
  }

  // On the reader's thread.
  void list(IncomingRef incoming) {
    if (commits_->put(incoming)) return;
    Outgoing out;
    out.answers.push_back(make_refusal(*incoming, CommitLoop::overload()));
    results_.put(std::move(out));
  }

  // After a failed write the state of the disk is unknown: the broker stops, and start-up recovers.
  void fail_stop(Error error) {
    {
      const std::lock_guard lock(failure_mutex_);
      failure_ = std::move(error);
    }
    stop();
  }

  const BrokerConfig config_;
  Counters counters_;
  Metrics metrics_;
  const Gauge waiting_ =
      metrics_.gauge("sense_broker_waiting_octets", "Octets of requests that wait to be stored");
  AnswerBudget answers_{{octets("answers-size-per-client"), octets("answers-size-per-principal"),
                         octets("answers-size")},
                        counters_};
  AuditTrail audit_{{count("audit-rate-per-principal-max"), count("audit-rate-max")}, counters_};
  bus::Mailbox<Outgoing> results_;  // of the other loops, for the network loop
  // Made in this order, each with those before it.
  std::optional<CommitLoop> commits_;
  std::optional<ReaderLoop> reads_;
  std::optional<NetworkLoop> network_;
  std::unique_ptr<AdminListener> admin_;  // asks all of them

  std::mutex failure_mutex_;
  std::optional<Error> failure_;
};

}  // namespace

Result<std::unique_ptr<Broker>> Broker::start(BrokerConfig config) {
  auto broker = std::make_unique<LoopsBroker>(std::move(config));
  if (auto status = broker->open(); !status) return tl::unexpected(status.error());
  return broker;
}

}  // namespace sense

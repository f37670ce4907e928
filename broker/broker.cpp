// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.hpp"

#include <mutex>
#include <optional>

#include "broker/commit_loop.hpp"
#include "broker/network_loop.hpp"
#include "broker/reader_loop.hpp"
#include "core/base/log.hpp"
#include "core/bus/mailbox.hpp"

namespace sense {

namespace {

class LoopsBroker final : public Broker {
 public:
  explicit LoopsBroker(BrokerConfig config) : config_(std::move(config)) {}

  Status open() {
    for (const auto& sentence : config_.settings.renamed()) log::warn(sentence);
    auto store = Store::open(config_.data);
    if (!store) return tl::unexpected(store.error());
    commits_.emplace(std::move(*store), config_.settings, counters_, audit_, results_);
    if (auto status = commits_->open(config_.subscriptions); !status) return status;
    auto reader = Reader::open(config_.data, counters_);
    if (!reader) return tl::unexpected(reader.error());
    reads_.emplace(std::move(*reader), config_.settings, answers_, counters_, results_,
                   ReaderLoop::Hooks{[this](Journal::Range range) { commits_->note_damage(range); },
                                     [this](IncomingRef incoming) { list(std::move(incoming)); }});
    network_.emplace(config_, *commits_, *reads_, answers_, results_, counters_, audit_);
    return network_->open();
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
  [[nodiscard]] std::size_t octets(const char* key) const {
    return static_cast<std::size_t>(config_.settings.size(key));
  }

  [[nodiscard]] std::uint64_t count(const char* key) const {
    return static_cast<std::uint64_t>(config_.settings.integer(key));
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
  AnswerBudget answers_{{octets("answers-size-per-client"), octets("answers-size-per-principal"),
                         octets("answers-size")},
                        counters_};
  AuditTrail audit_{{count("audit-rate-per-principal-max"), count("audit-rate-max")}, counters_};
  bus::Mailbox<Outgoing> results_;  // of the other loops, for the network loop
  // Made in this order, each with those before it.
  std::optional<CommitLoop> commits_;
  std::optional<ReaderLoop> reads_;
  std::optional<NetworkLoop> network_;

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

// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/poller.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>
#include <utility>

#include "adapters/http_poll/answer.hpp"
#include "adapters/http_poll/secret_headers.hpp"
#include "adapters/http_poll/store.hpp"
#include "core/base/log.hpp"
#include "core/base/random.hpp"

namespace sense::http_poll {

namespace {

std::vector<PollQueue::Entry> entries_of(const std::vector<Resource>& resources) {
  std::vector<PollQueue::Entry> entries;
  for (const auto& resource : resources) entries.push_back({resource.server, resource.interval});
  return entries;
}

std::uint64_t random_seed() {
  std::array<unsigned char, 8> octets{};
  fill_random(octets);
  return std::bit_cast<std::uint64_t>(octets);
}

// What asks. Answers that come after its end find none: they hold it by a weak pointer.
class Poller : public std::enable_shared_from_this<Poller> {
 public:
  Poller(PollerOptions options, AdapterContext& context);
  [[nodiscard]] Status start();
  void stop();

 private:
  struct State {
    std::string key;
    Known known;
  };

  void run();
  void ask(std::size_t resource);
  void on_reply(std::size_t resource, const Result<TransferReply>& reply);
  void publish(std::size_t resource, Finding finding);
  void on_published(std::size_t resource, std::optional<Duration> wanted,
                    const Result<Receipt>& result);
  // The end of a poll, and the time of the next one.
  void succeed(std::size_t resource, std::optional<Duration> wanted);
  void fail_poll(std::size_t resource, Failure failure, const std::string& why,
                 std::optional<Duration> wanted = std::nullopt);
  void count(const std::string& what) { ++context_.counters["http-poll." + what]; }

  const PollerOptions options_;
  AdapterContext& context_;
  std::vector<State> states_;  // of the resources, in their order
  PollQueue queue_;
  log::RateLimiter warnings_{std::chrono::minutes{10}};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Transfer> transfer_;  // null: stopped
  boost::asio::steady_timer timer_;
};

Poller::Poller(PollerOptions options, AdapterContext& context)
    : options_(std::move(options)),
      context_(context),
      queue_(entries_of(options_.resources), options_.limits, options_.bounds, random_seed(),
             context.clock.now().mono),
      timer_(context.reactor) {}

Status Poller::start() {
  std::vector<std::string> keys;
  for (const auto& resource : options_.resources) keys.push_back(resource.key());
  auto store = Store::open(context_.folder, "adapter " + context_.name, keys);
  if (!store) return tl::unexpected(store.error());
  store_ = std::move(*store);
  for (auto& key : keys) {
    auto known = store_->load(key);
    if (!known) return tl::unexpected(known.error());
    states_.push_back({std::move(key), std::move(*known)});
  }
  auto options = options_.transfer;
  options.keep_headers = judged_headers();
  // The queue bounds what is under way. A transfer of its own bound would wait there instead, where
  // endpoints that have not answered yet share a half.
  options.in_flight_max = 2 * options_.limits.at_once;
  auto transfer = Transfer::make(
      options, context_.egress,
      [&reactor = context_.reactor](auto task) { boost::asio::post(reactor, std::move(task)); });
  if (!transfer) return tl::unexpected(transfer.error());
  transfer_ = std::move(*transfer);
  if (options_.resources.empty())
    log::warn("no resource is polled: set `resources`", {{"adapter", context_.name}});
  run();
  return {};
}

void Poller::stop() {
  timer_.cancel();
  transfer_.reset();
}

void Poller::run() {
  const auto now = context_.clock.now().mono;
  for (const auto resource : queue_.begin(now)) ask(resource);
  const auto next = queue_.next_after(now);
  if (!next) return;
  timer_.expires_after(*next - now);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error && self->transfer_) self->run();
  });
}

void Poller::ask(std::size_t resource) {
  count("requests");
  const auto& configured = options_.resources[resource];
  auto headers = read_headers(configured);
  if (!headers) {
    // Later, since this is called from within run().
    boost::asio::post(context_.reactor,
                      [weak = weak_from_this(), resource, why = headers.error().message] {
                        const auto self = weak.lock();
                        if (self && self->transfer_)
                          self->fail_poll(resource, Failure::secret, why);
                      });
    return;
  }
  HttpRequest request;
  request.method = HttpRequest::Method::get;
  request.url = configured.url;
  request.headers = std::move(*headers);
  for (auto& header : request_headers(states_[resource].known))
    request.headers.push_back(std::move(header));
  request.body_decides = true;
  transfer_->http(std::move(request), [weak = weak_from_this(), resource](const auto& reply) {
    const auto self = weak.lock();
    if (self && self->transfer_) self->on_reply(resource, reply);
  });
}

void Poller::on_reply(std::size_t resource, const Result<TransferReply>& reply) {
  auto& state = states_[resource];
  auto finding = judge(options_.resources[resource], state.known, reply,
                       {options_.transfer.body_max, options_.data_max}, context_.clock.now().wall);
  switch (finding.kind) {
    case Finding::Kind::unchanged:
      count("unchanged");
      // Not stored: after a restart older validators cost one answer with content.
      state.known = std::move(finding.known);
      return succeed(resource, finding.wanted);
    case Finding::Kind::absent: count("absent"); return succeed(resource, finding.wanted);
    case Finding::Kind::changed: return publish(resource, std::move(finding));
    case Finding::Kind::failed:
      return fail_poll(resource, finding.failure, finding.why, finding.wanted);
  }
}

void Poller::publish(std::size_t resource, Finding finding) {
  auto& state = states_[resource];
  const auto event = event_of(options_.resources[resource], finding.known, finding.content);
  if (!event) return fail_poll(resource, Failure::publish, event.error().message, finding.wanted);
  if (const auto stored = store_->save(state.key, finding.known); !stored)
    return fail_poll(resource, Failure::state, stored.error().message, finding.wanted);
  state.known = std::move(finding.known);
  context_.publisher.publish(
      *event, [weak = weak_from_this(), resource, wanted = finding.wanted](const auto& result) {
        if (const auto self = weak.lock()) self->on_published(resource, wanted, result);
      });
}

void Poller::on_published(std::size_t resource, std::optional<Duration> wanted,
                          const Result<Receipt>& result) {
  auto& state = states_[resource];
  if (!result && !transfer_) return;  // after the restart it comes again
  if (!result) return fail_poll(resource, Failure::publish, result.error().message, wanted);
  constexpr std::array<const char*, 3> counters = {"appeared", "changed", "vanished"};
  count(counters[static_cast<std::size_t>(state.known.change)]);
  state.known.acknowledged = true;
  if (const auto stored = store_->save(state.key, state.known); !stored)
    return fail_poll(resource, Failure::state, stored.error().message, wanted);
  succeed(resource, wanted);
}

void Poller::succeed(std::size_t resource, std::optional<Duration> wanted) {
  queue_.succeeded(resource, wanted, context_.clock.now().mono);
  if (transfer_) run();
}

void Poller::fail_poll(std::size_t resource, Failure failure, const std::string& why,
                       std::optional<Duration> wanted) {
  const auto& source = options_.resources[resource].source;
  count(std::string("failed.") + failure_name(failure));
  const auto line = warnings_.check(source, context_.clock.now().mono);
  if (line.allowed)
    log::warn("a resource cannot be polled at present",
              {{"adapter", context_.name},
               {"source", source},
               {"why", why},
               {"suppressed", std::to_string(line.suppressed)}});
  queue_.failed(resource, wanted, context_.clock.now().mono);
  if (transfer_) run();
}

class PollAdapter final : public Adapter {
 public:
  PollAdapter(PollerOptions options, AdapterContext& context)
      : poller_(std::make_shared<Poller>(std::move(options), context)) {}
  ~PollAdapter() override { poller_->stop(); }
  Status start() override { return poller_->start(); }
  void stop() override { poller_->stop(); }

 private:
  const std::shared_ptr<Poller> poller_;
};

}  // namespace

std::unique_ptr<Adapter> make_poller(PollerOptions options, AdapterContext& context) {
  return std::make_unique<PollAdapter>(std::move(options), context);
}

}  // namespace sense::http_poll

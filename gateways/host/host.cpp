// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/host.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <random>
#include <set>

#include "core/base/log.hpp"
#include "core/base/uri.hpp"
#include "core/registry/management_change.hpp"
#include "core/registry/registry_reader.hpp"
#include "core/registry/subscription_client.hpp"
#include "gateways/host/call_plugin.hpp"
#include "gateways/host/dead_letters/redrive.hpp"
#include "gateways/host/engine_defaults.hpp"
#include "gateways/host/event_reader.hpp"
#include "gateways/host/failover/failover.hpp"
#include "gateways/host/gateway_context.hpp"
#include "gateways/host/lasting_outcome.hpp"
#include "gateways/host/lazy_timer.hpp"
#include "gateways/host/notices/notices.hpp"
#include "gateways/host/store/checkpoint_writer.hpp"
#include "gateways/host/store/gateway_store.hpp"
#include "gateways/host/store/load_payload.hpp"
#include "gateways/host/subscriptions/gateway_directory.hpp"
#include "gateways/host/subscriptions/suspension_writer.hpp"
#include "gateways/host/subscriptions/verifier.hpp"

namespace sense {

namespace {

namespace asio = boost::asio;
constexpr auto retry_pause = std::chrono::seconds{1};
constexpr auto window_checkpoint_after = std::chrono::milliseconds{10};
constexpr Duration checkpoint_interval_min = std::chrono::milliseconds{5};

Executor executor_of(asio::io_context& reactor) {
  return [&reactor](std::function<void()> task) { asio::post(reactor, std::move(task)); };
}

class AsioGatewayHost final : public GatewayHost {
 public:
  using Reactor = std::unique_ptr<asio::io_context>;
  AsioGatewayHost(GatewayConfig config, GatewayPlugin plugin, GatewayStore store,
                  VerifiedCallbacks verified, Reactor reactor, std::unique_ptr<Bus> bus)
      : plugin_(std::move(plugin)),
        reactor_(std::move(reactor)),
        config_(std::move(config)),
        store_(std::move(store)),
        verified_(std::move(verified)),
        engine_(engine_defaults(plugin_.descriptor(), config_.host), std::random_device{}()),
        bus_(std::move(bus)) {}
  ~AsioGatewayHost() override { bus_->close(); }

  Status open() {
    return call_plugin([this]() -> Status {
      auto gateway = plugin_.descriptor().create(config_.plugin, context_);
      if (!gateway) return tl::unexpected(gateway.error());
      if (*gateway == nullptr)
        return fail(Code::internalerror, "the gateway plugin failed: create() returned null");
      gateway_ = std::move(*gateway);
      return {};
    });
  }

  Status run() override {
    ::prctl(PR_SET_NAME, "sense-reactor");
    asio::post(*reactor_, [this] { begin(); });
    const auto ran = call_plugin([this]() -> Status {
      reactor_->run();
      return {};
    });
    if (!ran) finish(ran);
    bus_->close();
    if (!failure_) return tl::unexpected(failure_.error());
    for (const auto& [name, value] : counters_.snapshot())
      if (value != 0) log::info("counted", {{"counter", name}, {"value", std::to_string(value)}});
    const auto& totals = engine_.totals();
    log::info("gateway has stopped", {{"matched", std::to_string(totals.matched)},
                                      {"delivered", std::to_string(totals.delivered)},
                                      {"retried", std::to_string(totals.retried)},
                                      {"dead", std::to_string(totals.dead_letters)},
                                      {"waiting", std::to_string(engine_.waiting())}});
    return {};
  }

  void stop() override {
    asio::post(*reactor_, [this] { finish({}); });
  }

 private:
  bool serves(const Subscription& subscription) const {
    const auto uri = parse_uri(subscription.callback);
    return uri && directory_.serves_here(uri->scheme);
  }

  void begin() {
    directory_.load();
    failover_.begin();
  }

  void lead() {
    if (const auto restored = restore(); !restored) return finish(restored);
    restored_ ? start_serving() : load_subscriptions();
  }

  Status restore() {
    const auto position = store_.position();
    if (!position || !*position) return position ? Status() : tl::unexpected(position.error());
    const auto waiting = store_.restore(engine_, system_clock().now());
    if (!waiting) return tl::unexpected(waiting.error());
    position_ = **position;
    restored_ = true;
    log::info("resuming", {{"position", std::to_string(position_)},
                           {"subscriptions", std::to_string(engine_.count())},
                           {"deliveries waiting", std::to_string(*waiting)}});
    return {};
  }

  // The first start: deliveries begin with the current end of the journal.
  void load_subscriptions() {
    const auto accept = [this](const std::string&, auto subscription) {
      if (subscription) apply(std::move(*subscription), "");
    };
    registry_reader_.read(accept, [this](std::uint64_t sequence) {
      position_ = sequence;
      start_serving();
    });
  }

  void start_serving() {
    const auto started = call_plugin([this] { return gateway_->start(); });
    if (!started) return finish(started);
    for (const auto& uri : gateway_->listening()) log::info("listening", {{"on", uri}});
    directory_.announce(gateway_->listening());
    const auto& schemes = plugin_.descriptor().schemes;
    publish_notice(*bus_, gateway_started_event(config_.name, {schemes.begin(), schemes.end()},
                                                gateway_->listening(), system_clock().now().wall));
    for (const auto& subscription : engine_.subscriptions())
      if (subscription->state == SubscriptionState::pending)
        verifier_.verify(*gateway_, subscription->id);
    engine_.restored(system_clock().now());
    redriver_.start();
    // Stored before the first event: after a crash the host resumes here.
    checkpoint();
    follow();
    checkpoint_later();
  }

  void finish(Status reason) {
    if (stopped_) return;
    failure_ = std::move(reason);
    stopping_ = true;
    verifier_.stop();  // an interrupted verification is repeated after the next start
    if (gateway_) {
      const auto status = call_plugin([this]() -> Status {
        gateway_->stop();
        return {};
      });
      if (!status) log::error(status.error().message);
    }
    perform();
    if (restored_ || following_) checkpoint_writer_.save_all(position_, system_clock().now());
    stopped_ = true;
    event_reader_.reset();
    directory_.stop();
    registry_reader_.stop();
    attempt_timer_.cancel();
    failover_.release([this] { end_run(); });
  }

  void end_run() {
    gateway_.reset();
    work_.reset();
    reactor_->stop();
  }

  std::vector<std::string> wanted_prefixes() const {
    auto prefixes =
        engine_.topic_prefixes(static_cast<std::size_t>(config_.host.integer("topics-max")));
    if (prefixes != std::vector<std::string>{"{"})
      prefixes.insert(prefixes.end(), {"{" + std::string(management_namespace) + "}",
                                       std::string(standby_heartbeat_type) + " "});
    return prefixes;
  }

  void follow() {
    event_reader_.reset();
    const auto prefixes = wanted_prefixes();
    following_ = std::set<std::string>(prefixes.begin(), prefixes.end());
    const auto generation = ++generation_;
    bus_->follow(position_, prefixes, [this, generation](Batch batch) {
      // A batch of an earlier stream is delivered again by the new one.
      if (generation == generation_ && !stopped_) on_batch(std::move(batch));
    });
  }

  // True when the followed topics include all that are wanted.
  bool stream_suffices() const {
    if (following_->contains("{")) return true;
    const auto wanted = wanted_prefixes();
    return std::all_of(wanted.begin(), wanted.end(),
                       [this](const auto& prefix) { return following_->contains(prefix); });
  }

  void on_batch(Batch batch) {
    const bool gap = batch.lost_from != 0 || batch.position < position_;
    gap ? report_lost(batch) : event_reader_.read(std::move(batch));
  }

  bool process_event(const EventRef& event) {
    engine_.on_event(event, system_clock().now());
    position_ = event->sequence;
    if (!on_change(*event) || stream_suffices()) return true;
    // Later events may match topics that were not followed: restart the stream here.
    perform();
    follow();
    return false;
  }

  void on_slice_done(std::optional<std::uint64_t> position) {
    position_ = position.value_or(position_);
    const bool full = engine_.unsaved() > EventReader::unsaved_max;
    if (full) checkpoint_writer_.save_now(position_, system_clock().now());
    perform();
  }

  void report_lost(const Batch& batch) {
    if (batch.lost_from != 0) {
      counters_["gateway.events.lost"] += batch.lost_to - batch.lost_from + 1;
      log::error(
          "events have left the broker's journal before this gateway read them",
          {{"from", std::to_string(batch.lost_from)}, {"to", std::to_string(batch.lost_to)}});
      position_ = batch.lost_to;
    } else {
      log::error("the broker's journal ends before what this gateway has read; was it replaced?",
                 {{"read", std::to_string(position_)}, {"end", std::to_string(batch.position)}});
      position_ = batch.position;
    }
    // They may include changes of subscriptions: read the registry; paused until follow().
    const auto seen = std::make_shared<std::set<std::string>>();
    const auto see = [this, seen](const std::string& id, std::optional<Subscription> subscription) {
      seen->insert(id);
      if (subscription) apply(std::move(*subscription), "");
    };
    registry_reader_.read(see, [this, seen](std::uint64_t) {
      const auto now = system_clock().now();
      for (const auto& held : engine_.subscriptions())
        if (!seen->contains(held->id)) engine_.end(held->id, "expired", true, now);
      perform();
      follow();
    });
  }

  // True when the served subscriptions have changed.
  bool on_change(const Event& event) {
    if (failover_.on_event(event) || directory_.on_event(event) || redriver_.on_event(event))
      return false;
    auto change = subscription_change(event);
    if (!change) log_unreadable_change(event);
    return change && apply(std::move(change->subscription), change->reason);
  }

  bool apply(Subscription subscription, const std::string& reason) {
    const auto now = system_clock().now();
    const auto held = engine_.find(subscription.id);
    if (subscription.state == SubscriptionState::ended) {
      ended_.add(subscription.id, subscription.owner, reason, now);
      // A cancellation was the owner's own: no end notice.
      engine_.end(subscription.id, reason, reason != "cancelled", now);
      return false;
    }
    if (!serves(subscription)) {
      // The callback may have moved to another gateway.
      engine_.end(subscription.id, "", false, now);
      return false;
    }
    if (held && held->revision >= subscription.revision) return false;
    const auto changed = std::make_shared<const Subscription>(std::move(subscription));
    engine_.put(changed, now);
    if (following_) verifier_.on_change(*gateway_, held, *changed);
    return true;
  }

  void end_in_registry(const std::string& id, const std::string& reason) {
    bus_->registry_remove("subscription", id, 0, reason, [this, id, reason](auto answer) {
      if (!answer && answer.error().code != Code::notfound && !stopped_)
        retry_later_([this, id, reason] { end_in_registry(id, reason); });
    });
  }

  void perform() {
    if (performing_ || stopped_ || !gateway_) return;
    if (!failover_.has_lease() && !stopping_) return;  // until the lease is renewed or lost
    performing_ = true;
    for (;;) {
      auto actions = engine_.take_actions();
      if (actions.empty()) break;
      for (auto& dead_letter : actions.dead_letters) {
        notices_.add(dead_letter);
        checkpoint_writer_.add_dead_letter(std::move(dead_letter));
      }
      if (stopping_) continue;  // pending deliveries are attempted after the next start
      for (auto& deliver : actions.deliver) attempt(deliver);
      for (const auto& id : actions.gone) {
        log::warn("a callback is gone: its subscription ends", {{"id", id}});
        if (const auto held = engine_.find(id)) verifier_.on_gone(held->callback);
        end_in_registry(id, "unreachable");
      }
      for (const auto& id : actions.forget) gateway_->forget(id);
      for (const auto& suspension : actions.suspensions) suspension_writer_.set(suspension);
      if (actions.checkpoint) checkpoint_soon();
    }
    performing_ = false;
    if (const auto next = engine_.next_timer(); next && !stopping_) attempt_timer_.at(*next);
  }

  // Once for all outcomes that arrive together.
  void perform_soon() {
    if (performing_ || std::exchange(perform_soon_, true)) return;
    asio::post(*reactor_, [this] {
      perform_soon_ = false;
      perform();
      event_reader_.resume_if_ready();
    });
  }

  void attempt(Engine::Deliver& deliver) {
    const auto attempt_id = deliver.attempt_id;
    const auto now = system_clock().now();
    if (const auto loaded = load_payload(deliver, store_, now.wall); !loaded)
      return engine_.on_result(attempt_id, failed_load_outcome(loaded.error()), now);
    const auto subscription = deliver.delivery->subscription;
    const auto status = call_plugin([&]() -> Status {
      gateway_->deliver(std::move(deliver.delivery), [this, attempt_id, subscription](Attempt got) {
        const auto result = lasting_outcome(std::move(got), *subscription);
        // An attempt that the stop interrupted is repeated after the next start.
        if (stopped_ || (stopping_ && result.outcome == Attempt::Outcome::retry)) return;
        engine_.on_result(attempt_id, result, system_clock().now());
        perform_soon();
      });
      return {};
    });
    if (!status)
      engine_.on_result(attempt_id, Attempt::retry(status.error().message), system_clock().now());
  }

  void checkpoint_later() {
    if (stopped_) return;
    const auto interval = config_.host.duration("checkpoint-interval");
    after_(std::max<Duration>(interval, checkpoint_interval_min), [this] {
      if (stopped_) return;
      checkpoint();
      for (const auto& event : notices_.take_due(system_clock().now()))
        publish_notice(*bus_, event);
      event_reader_.resume_if_ready();
      checkpoint_later();
    });
  }

  // A sealed window awaits it; a short pause lets one checkpoint serve many.
  void checkpoint_soon() {
    if (std::exchange(checkpoint_soon_, true)) return;
    after_(window_checkpoint_after, [this] {
      checkpoint_soon_ = false;
      if (!stopped_) checkpoint();
    });
  }

  void checkpoint() {
    checkpoint_writer_.save(position_, system_clock().now());
    perform();
  }

  // Destroyed last, since pending handlers are code of the shared object.
  GatewayPlugin plugin_;
  Reactor reactor_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{reactor_->get_executor()};
  const GatewayConfig config_;
  Counters counters_;
  GatewayStore store_;
  VerifiedCallbacks verified_;
  Engine engine_;
  std::unique_ptr<Bus> bus_;
  using Task = std::function<void()>;
  const std::function<void(Duration, Task)> after_ = [this](Duration pause, Task task) {
    auto timer = std::make_shared<asio::steady_timer>(*reactor_, pause);
    timer->async_wait([timer, task = std::move(task)](boost::system::error_code error) {
      if (!error) task();
    });
  };
  const std::function<void(Task)> retry_later_ = [this](Task task) {
    after_(retry_pause, std::move(task));
  };
  GatewayDirectory directory_{*bus_,
                              config_.name,
                              plugin_.descriptor().schemes,
                              {retry_later_, [this] { failover_.on_directory_changed(); }}};
  SubscriptionClient subscriptions_{
      *bus_,
      system_clock(),
      executor_of(*reactor_),
      {[this](const std::string& scheme) { return directory_.serves_anywhere(scheme); },
       config_.host.duration("lease-max")}};
  EndedSubscriptions ended_;
  GatewayContext context_{
      config_.name,
      system_clock(),
      counters_,
      *reactor_,
      *bus_,
      subscriptions_,
      engine_,
      config_.egress,
      [this] { return shown_parameters(config_.host, config_.plugin); },
      events_by_sequence(*bus_),
      [this](std::string_view id) { return ended_.find(id, system_clock().now().mono); }};
  RegistryReader registry_reader_{*bus_, retry_later_};
  Failover failover_{*bus_,
                     store_,
                     directory_,
                     system_clock(),
                     config_.name,
                     plugin_.descriptor().name,
                     config_.data,
                     config_.take_over,
                     {executor_of(*reactor_), after_, [this] { lead(); }, [this] { perform(); },
                      [this](Status reason) { finish(std::move(reason)); }}};
  CheckpointWriter checkpoint_writer_{
      store_, engine_, counters_, system_clock(), [this](bool only_position, Task stored) {
        failover_.saved(only_position, [this, stored] { stored(), perform(); });
      }};
  Verifier verifier_{
      subscriptions_,
      verified_,
      system_clock(),
      counters_,
      config_.host.duration("verify-span"),
      {[this](const auto& id, const auto& reason) { end_in_registry(id, reason); }, after_}};
  DeadLetterNotices notices_{config_.name};
  SuspensionWriter suspension_writer_{subscriptions_, counters_, retry_later_};
  Redriver redriver_{config_.name,
                     {store_, engine_, checkpoint_writer_, *bus_, counters_, system_clock()},
                     {after_, [this] { checkpoint(); }}};
  std::unique_ptr<Gateway> gateway_;
  std::uint64_t position_ = 0;
  bool restored_ = false;
  std::uint64_t generation_ = 0;
  std::optional<std::set<std::string>> following_;
  EventReader event_reader_{*bus_,
                            engine_,
                            system_clock(),
                            {[this](const EventRef& event) { return process_event(event); },
                             [this](auto position) { on_slice_done(position); }, after_}};
  bool stopping_ = false;
  bool stopped_ = false;
  bool performing_ = false;
  bool perform_soon_ = false;
  Status failure_;
  LazyTimer attempt_timer_{*reactor_, [this] {
                             if (stopped_) return;
                             engine_.on_timer(system_clock().now());
                             perform();
                           }};
  bool checkpoint_soon_ = false;
};

}  // namespace

Result<std::unique_ptr<GatewayHost>> GatewayHost::start(GatewayConfig config,
                                                        GatewayPlugin plugin) {
  auto store = GatewayStore::open(config.data);
  if (!store) return tl::unexpected(store.error());
  auto verified = VerifiedCallbacks::open(config.data, config.host.duration("verified-memory"),
                                          system_clock().now().wall);
  if (!verified) return tl::unexpected(verified.error());
  auto reactor = std::make_unique<asio::io_context>(1);
  BusOptions options;
  options.service = config.endpoints.service;
  options.events = config.endpoints.events;
  options.keys = config.endpoints.keys;
  options.waiting_max = static_cast<std::size_t>(config.host.integer("bus-waiting-max"));
  options.executor = executor_of(*reactor);
  auto bus = connect_zmq_bus(std::move(options));
  if (!bus) return tl::unexpected(bus.error());
  auto host =
      std::make_unique<AsioGatewayHost>(std::move(config), std::move(plugin), std::move(*store),
                                        std::move(*verified), std::move(reactor), std::move(*bus));
  if (auto status = host->open(); !status) return tl::unexpected(status.error());
  return host;
}

}  // namespace sense

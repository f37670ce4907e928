// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/lifecycle.hpp"

#include <algorithm>
#include <utility>

#include "core/base/log.hpp"
#include "core/bus/protocol.hpp"
#include "core/sense/shared_keys.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

constexpr Duration retry_pause = std::chrono::seconds{1};
constexpr Duration window_checkpoint_after = std::chrono::milliseconds{10};
constexpr Duration wait_for_others = std::chrono::seconds{3};
constexpr Duration look_for_others_every = std::chrono::milliseconds{50};
constexpr Duration checkpoint_interval_min = std::chrono::milliseconds{5};

std::vector<std::string> names_of(std::span<const Scheme> schemes) {
  std::vector<std::string> names;
  for (const auto& scheme : schemes) names.emplace_back(scheme.name);
  return names;
}

Result<std::string> read_pair_secret(const std::string& path) {
  if (path.empty()) return std::string();
  auto key = datagram::read_shared_key(path);
  if (!key) return fail(key.error().code, "pair-key: " + key.error().message);
  return std::move(key->secret);
}

}  // namespace

Result<std::unique_ptr<Lifecycle>> Lifecycle::make(GatewayConfig config,
                                                   const GatewayDescriptor& descriptor,
                                                   Environment environment) {
  auto store = GatewayStore::open(config.data);
  if (!store) return tl::unexpected(store.error());
  auto verified = VerifiedCallbacks::open(config.data, config.host.duration("verified-memory"),
                                          environment.clock.now().wall);
  if (!verified) return tl::unexpected(verified.error());
  auto pair_secret = read_pair_secret(config.host.text("pair-key"));
  if (!pair_secret) return tl::unexpected(pair_secret.error());
  auto services = std::make_unique<GatewayServices>(std::move(config), descriptor, environment.bus,
                                                    environment.clock, environment.reactor,
                                                    environment.post, environment.seed);
  auto gateway = GuardedGateway::create(descriptor, services->config.plugin, services->context);
  if (!gateway) return tl::unexpected(gateway.error());
  return std::unique_ptr<Lifecycle>(
      new Lifecycle(descriptor, std::move(environment), std::move(*store), std::move(*verified),
                    std::move(services), std::move(*gateway), std::move(*pair_secret)));
}

Lifecycle::Lifecycle(const GatewayDescriptor& descriptor, Environment environment,
                     GatewayStore store, VerifiedCallbacks verified,
                     std::unique_ptr<GatewayServices> services,
                     std::unique_ptr<GuardedGateway> gateway, std::string pair_secret)
    : descriptor_(descriptor),
      environment_(std::move(environment)),
      store_(std::move(store)),
      verified_(std::move(verified)),
      services_(std::move(services)),
      config_(services_->config),
      feeds_({environment_.bus, services_->engine, store_, environment_.clock, services_->counters,
              config_.host, [this](const auto& owner) { return services_->known.names_of(owner); }},
             {[this] { return reader_.position(); }, [this] { return reader_.follow_wanted(); },
              [this](Duration pause, auto task) { after(pause, std::move(task)); }}),
      gateway_(std::move(gateway)),
      verifier_(*gateway_, services_->subscriptions, verified_,
                VerificationBudget::limits_of(config_.host), environment_.clock,
                services_->counters, config_.host.duration("verify-span"),
                {[this](const auto& id, const auto& why) { follower_.end_in_registry(id, why); },
                 [this](Duration pause, auto task) { after(pause, std::move(task)); }}),
      follower_({environment_.bus, services_->engine, services_->ended, services_->directory,
                 verifier_, environment_.clock,
                 [this](const auto& subscription) {
                   auto good = services_->check_latency(subscription);
                   return good ? services_->check_endpoint(subscription) : good;
                 }},
                [this](auto task) { after(retry_pause, std::move(task)); }),
      announcement_(environment_.bus, config_.name, descriptor_.schemes,
                    [this](auto task) { after(retry_pause, std::move(task)); }),
      failover_(
          environment_.bus, store_, environment_.clock, config_.name, descriptor_.name,
          config_.data, config_.take_over, std::move(pair_secret), services_->counters,
          {environment_.post, environment_.after, [this] { on_stand_by(); }, [this] { on_lead(); },
           [this] { dispatcher_.perform(); }, [this](Status reason) { stop(std::move(reason)); }}),
      checkpoints_(store_, services_->engine, services_->counters, environment_.clock,
                   [this](bool only_position, auto replicated) {
                     on_checkpoint_stored(only_position, std::move(replicated));
                   }),
      notices_(config_.name),
      suspensions_(services_->subscriptions, services_->counters,
                   [this](auto task) { after(retry_pause, std::move(task)); }),
      log_({static_cast<std::size_t>(config_.host.integer("delivery-log-attempts")),
            static_cast<std::size_t>(config_.host.size("delivery-log-size"))},
           services_->counters["gateway.delivery-log.dropped"]),
      lateness_(services_->counters["gateway.lateness.dropped"]),
      kept_(config_.name, log_, lateness_, store_, environment_.bus, services_->engine,
            environment_.clock),
      dispatcher_(
          {services_->engine, store_, *gateway_, checkpoints_, notices_, suspensions_, log_,
           lateness_, environment_.clock},
          {environment_.post, [this](Duration pause, auto task) { after(pause, std::move(task)); },
           [this] { return failover_.has_lease(); }, [this](const auto& id) { on_gone(id); },
           [this](const auto& id) {
             const auto ended = services_->ended.find(id, now().mono);
             feeds_.on_end(id, ended ? ended->reason : "ended");
           },
           [this] { checkpoint_soon(); }, [this] { reader_.resume_if_ready(); },
           environment_.measured}),
      redriver_(config_.name,
                {store_, services_->engine, checkpoints_, environment_.bus, services_->counters,
                 environment_.clock},
                {[this](Duration pause, auto task) { after(pause, std::move(task)); },
                 [this] { checkpoint(); }}),
      reader_(environment_.bus, services_->engine, environment_.clock,
              {[this](const auto& event) { return on_event(event); }, [this] { on_slice_done(); },
               [this](const auto& batch) { on_lost(batch); }, [this] { return topics(); },
               [this](Duration pause, auto task) { after(pause, std::move(task)); },
               [this] { feeds_.on_restart(); }}) {
  services_->context.feeds = &feeds_;
  services_->context.records = &kept_;
  services_->room_to_verify = [this](const auto& owner, const auto& callback) {
    return verifier_.check_room(owner, callback);
  };
}

void Lifecycle::after(Duration pause, std::function<void()> task) {
  environment_.after(pause, [this, task = std::move(task)] {
    if (state_ < State::stopping) task();
  });
}

// ---- start

void Lifecycle::begin() {
  if (state_ != State::starting) return;
  services_->known.begin([this](Duration pause, auto task) { after(pause, std::move(task)); });
  failover_.begin();
}

void Lifecycle::on_stand_by() {
  state_ = State::standing_by;
  announcement_.write({});
}

void Lifecycle::on_lead() {
  state_ = State::leading;
  announcement_.write({});
  const auto position = store_.position();
  if (!position) return stop(tl::unexpected(position.error()));
  const auto until = now().mono + wait_for_others;
  // The first start: deliveries begin with the current end of the journal.
  if (!*position)
    return follower_.read_all([this, until](std::uint64_t listed) { on_listed(listed, until); });
  const auto waiting = store_.restore(services_->engine, now());
  if (!waiting) return stop(tl::unexpected(waiting.error()));
  log::info("resuming", {{"position", std::to_string(**position)},
                         {"subscriptions", std::to_string(services_->engine.count())},
                         {"deliveries waiting", std::to_string(*waiting)}});
  follower_.read_gateways(
      [this, until, stored = **position](std::uint64_t) { on_listed(stored, until); });
}

void Lifecycle::on_listed(std::uint64_t position, MonoTime wait_until) {
  if (state_ != State::leading) return;
  on_directory_change();
  const auto missing =
      std::find_if(config_.others.begin(), config_.others.end(),
                   [this](const auto& name) { return !services_->directory.has(name); });
  if (missing == config_.others.end()) return serve(position);
  if (now().mono >= wait_until) {
    log::warn("a gateway of the configuration has not announced itself; going on without it",
              {{"gateway", *missing}});
    return serve(position);
  }
  after(look_for_others_every, [=, this] {
    follower_.read_gateways([=, this](std::uint64_t) { on_listed(position, wait_until); });
  });
}

void Lifecycle::serve(std::uint64_t position) {
  if (const auto started = gateway_->start(); !started) return stop(started);
  state_ = State::serving;
  const auto listening = gateway_->listening();
  for (const auto& uri : listening) log::info("listening", {{"on", uri}});
  announcement_.write(listening);
  publish_notice(
      environment_.bus,
      gateway_started_event(config_.name, names_of(descriptor_.schemes), listening, now().wall));
  failover_.serve(!services_->directory.is_alone());
  follower_.verify_pending();
  services_->engine.restored(now());
  redriver_.start();
  // Stored before the first event: after a crash this resumes here.
  checkpoints_.save(position, now());
  // Without it, the next start would begin with the journal's end again, and skip what came before.
  if (const auto stored = store_.position(); !stored || !*stored)
    return stop(fail(Code::system, "where it begins in the journal cannot be stored in " +
                                       config_.data + ": is the disk full?"));
  dispatcher_.perform();
  reader_.follow(position);
  checkpoint_periodically();
}

// ---- stop

void Lifecycle::stop(Status reason) {
  if (state_ >= State::stopping) return;
  result_ = std::move(reason);
  state_ = State::stopping;
  announcement_.stop();
  follower_.stop();
  verifier_.stop();  // an interrupted verification is repeated after the next start
  dispatcher_.drain();
  gateway_->stop();
  dispatcher_.close();
  // What escaped a handler may have left an event half taken: then this ends as a crash does.
  if (result_ && reader_.following()) checkpoints_.save_all(reader_.position(), now());
  reader_.stop();
  failover_.release([this] { on_released(); });
}

void Lifecycle::on_released() {
  state_ = State::stopped;
  gateway_.reset();
  environment_.stopped();
}

// ---- events and changes

std::vector<std::string> Lifecycle::topics() const {
  auto prefixes = services_->engine.topic_prefixes(
      static_cast<std::size_t>(config_.host.integer("topics-max")));
  const auto of_feeds = feeds_.topic_prefixes(bus::prefixes_max);
  if (of_feeds == std::vector<std::string>{"{"}) return of_feeds;
  if (prefixes != std::vector<std::string>{"{"}) {
    prefixes.insert(prefixes.end(), of_feeds.begin(), of_feeds.end());
    prefixes.insert(prefixes.end(), {"{" + std::string(management_namespace) + "}",
                                     std::string(whole_change_type) + " ",
                                     std::string(standby_heartbeat_type) + " "});
  }
  return prefixes;
}

bool Lifecycle::on_event(const EventRef& event) {
  services_->engine.on_event(event, now());
  feeds_.on_event(event);
  if (follower_.on_gateway_event(*event)) {
    on_directory_change();
    return false;
  }
  if (failover_.on_event(*event) || redriver_.on_event(*event)) return false;
  const bool changed = follower_.on_subscription_event(*event);
  if (changed) feeds_.on_change(event->subject);
  return changed;
}

void Lifecycle::on_slice_done() {
  dispatcher_.perform();
  const bool full = services_->engine.unsaved() > EventReader::unsaved_max;
  if (full) checkpoints_.save_now(reader_.position(), now());
}

void Lifecycle::on_lost(const Batch& batch) {
  if (batch.lost_from != 0) {
    services_->counters["gateway.events.lost"] += batch.lost_to - batch.lost_from + 1;
    log::error("events have left the broker's journal before this gateway read them",
               {{"from", std::to_string(batch.lost_from)}, {"to", std::to_string(batch.lost_to)}});
  } else {
    log::error("the broker's journal ends before what this gateway has read; was it replaced?",
               {{"end", std::to_string(batch.position)}});
  }
  // They may have announced changes, which the lists have.
  follower_.read_all([this](std::uint64_t) {
    on_directory_change();
    dispatcher_.perform();
    reader_.follow(reader_.position());
    feeds_.on_restart();
  });
}

void Lifecycle::on_directory_change() { failover_.require_lease(!services_->directory.is_alone()); }

void Lifecycle::on_gone(const std::string& subscription) {
  log::warn("a callback is gone: its subscription ends", {{"id", subscription}});
  if (const auto held = services_->engine.find(subscription)) verifier_.on_gone(held->callback);
  follower_.end_in_registry(subscription, "unreachable");
}

// ---- checkpoints

void Lifecycle::checkpoint_periodically() {
  const auto& totals = services_->engine.totals();
  services_->counters["gateway.deliveries.no-room"] = totals.over_owner;
  services_->counters["gateway.deliveries.matched"] = totals.matched;
  services_->counters["gateway.deliveries.delivered"] = totals.delivered;
  services_->counters["gateway.deliveries.retried"] = totals.retried;
  services_->counters["gateway.deliveries.dead"] = totals.dead_letters;
  const auto interval = config_.host.duration("checkpoint-interval");
  after(std::max<Duration>(interval, checkpoint_interval_min), [this] {
    checkpoint();
    for (const auto& event : notices_.take_due(now())) publish_notice(environment_.bus, event);
    reader_.resume_if_ready();
    checkpoint_periodically();
  });
}

// A sealed window awaits it; a short pause lets one checkpoint serve many.
void Lifecycle::checkpoint_soon() {
  if (std::exchange(checkpoint_scheduled_, true)) return;
  after(window_checkpoint_after, [this] {
    checkpoint_scheduled_ = false;
    checkpoint();
  });
}

void Lifecycle::checkpoint() {
  // What was given up or has expired is stored with the checkpoint that has its delivery no more.
  dispatcher_.perform();
  if (reader_.following()) checkpoints_.save(reader_.position(), now());
  dispatcher_.perform();
}

void Lifecycle::on_checkpoint_stored(bool only_position, std::function<void()> replicated) {
  failover_.saved(only_position, [this, replicated = std::move(replicated)] {
    replicated();
    dispatcher_.perform();
  });
}

}  // namespace sense

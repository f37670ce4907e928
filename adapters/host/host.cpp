// SPDX-License-Identifier: Apache-2.0
#include "adapters/host/host.hpp"

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "adapters/host/adapter_publisher.hpp"
#include "adapters/host/counting_publisher.hpp"
#include "core/admin/admin_listener.hpp"
#include "core/base/log.hpp"
#include "core/plugin/plugin_call.hpp"

namespace sense {

namespace {

constexpr std::array<Option, 5> option_table = {{
    {"waiting-max", OptionType::integer, "100000",
     "How many events may wait for the broker's answer; what comes beyond is lost and counted.", 1,
     10'000'000},
    {"waiting-size-max", OptionType::size, "256MiB",
     "How much memory the events that wait for the broker's answer may take.", 1024 * 1024,
     std::int64_t{64} << 30},
    {"request-timeout", OptionType::duration, "10s",
     "How long the broker's answer to a question is awaited.", 1, 3600},
    {"stop-wait", OptionType::duration, "5s",
     "How long a stop waits for the broker's answer to events that are on their way.", 0, 600},
    admin_option,
}};

class Host final : public AdapterHost {
 public:
  Host(AdapterConfig config, AdapterPlugin plugin)
      : plugin_(std::move(plugin)), config_(std::move(config)) {}
  ~Host() override;

  Status begin();
  Status run() override;
  void stop() override;

 private:
  // serving until stop(); then the broker's answers are awaited; stopped: the bus is closed.
  enum class State { serving, stopping, stopped };

  Status connect();
  Status make_adapter();
  void on_stop(Status reason);
  void stop_adapter();
  void finish();
  [[nodiscard]] std::string report() const;
  [[nodiscard]] Histogram store_time(const char* outcome);
  void log_counters() const;

  // In this order: each member uses those above, and the plugin stays loaded until the last object
  // that contains its code is destroyed.
  AdapterPlugin plugin_;
  AdapterConfig config_;
  const std::string name_ = "adapter " + config_.name;  // for errors
  Counters counters_;
  Metrics metrics_{{"adapter", config_.name}};
  const Gauge waiting_ =
      metrics_.gauge("sense_adapter_events_waiting", "Events that the broker has not answered");
  boost::asio::io_context reactor_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      reactor_.get_executor()};
  boost::asio::steady_timer give_up_{reactor_};
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<AdapterPublisher> own_types_refused_;
  std::unique_ptr<CountingPublisher> publisher_;  // by that one, for the plugin
  std::unique_ptr<AdapterContext> context_;
  std::unique_ptr<Adapter> adapter_;
  std::unique_ptr<AdminListener> admin_;  // asks all of them

  State state_ = State::serving;
  Status result_;
};

Status Host::begin() {
  for (const auto* settings : {&config_.host, &config_.plugin})
    for (const auto& sentence : settings->renamed()) log::warn(sentence);
  if (auto good = connect(); !good) return good;
  if (auto good = make_adapter(); !good) return good;
  auto started = call_plugin(name_, "start()", [&] { return adapter_->start(); });
  if (!started) return started;
  const auto places = call_plugin(name_, "listening()", [&]() -> Result<std::vector<std::string>> {
    return adapter_->listening();
  });
  if (!places) return tl::unexpected(places.error());
  for (const auto& place : *places)
    log::info("adapter listens", {{"adapter", config_.name}, {"listen", place}});
  auto admin =
      AdminListener::open(config_.host.text("admin-listen"),
                          {[this](auto task) { boost::asio::post(reactor_, std::move(task)); },
                           [this] { return report(); }, counters_, metrics_});
  if (!admin) return tl::unexpected(admin.error());
  admin_ = std::move(*admin);
  log::info("adapter started", {{"adapter", config_.name},
                                {"plugin", plugin_.descriptor().name},
                                {"broker", config_.endpoints.service}});
  return {};
}

Status Host::connect() {
  BusOptions options;
  options.service = config_.endpoints.service;
  options.events = config_.endpoints.events;
  options.keys = config_.endpoints.keys;
  options.process = "adapter-" + config_.name;
  options.waiting_max = static_cast<std::size_t>(config_.host.integer("waiting-max"));
  options.waiting_bytes_max = static_cast<std::size_t>(config_.host.size("waiting-size-max"));
  options.request_timeout = config_.host.duration("request-timeout");
  options.executor = [this](std::function<void()> task) {
    boost::asio::post(reactor_, std::move(task));
  };
  options.on_broken = [this](Error why) { on_stop(tl::unexpected(std::move(why))); };
  auto bus = connect_zmq_bus(std::move(options));
  if (!bus) return tl::unexpected(bus.error());
  bus_ = std::move(*bus);
  own_types_refused_ = std::make_unique<AdapterPublisher>(
      *bus_, [this](auto task) { boost::asio::post(reactor_, std::move(task)); });
  publisher_ = std::make_unique<CountingPublisher>(
      *own_types_refused_, counters_,
      CountingPublisher::Times{store_time("stored"), store_time("duplicate"),
                               store_time("refused")});
  return {};
}

Status Host::make_adapter() {
  context_ = std::make_unique<AdapterContext>(AdapterContext{config_.name, system_clock(),
                                                             counters_, reactor_, *publisher_,
                                                             config_.egress, config_.folder});
  auto adapter = call_plugin(
      name_, "create()", [&] { return plugin_.descriptor().create(config_.plugin, *context_); });
  if (!adapter) return tl::unexpected(adapter.error());
  if (*adapter == nullptr)
    return fail(Code::internalerror,
                name_ + ": create() returned null; this is a fault of the plugin");
  adapter_ = std::move(*adapter);
  return {};
}

Status Host::run() {
  run_reactor(reactor_, [this](Error why) { on_stop(tl::unexpected(std::move(why))); });
  log_counters();
  return result_;
}

void Host::stop() {
  boost::asio::post(reactor_, [this] { on_stop({}); });
}

void Host::on_stop(Status reason) {
  if (state_ != State::serving) return;
  state_ = State::stopping;
  result_ = std::move(reason);
  stop_adapter();
  give_up_.expires_after(config_.host.duration("stop-wait"));
  give_up_.async_wait([this](const boost::system::error_code&) { finish(); });
  publisher_->when_idle([this] { finish(); });
}

void Host::stop_adapter() {
  if (!adapter_) return;
  const auto stopped = call_plugin(name_, "stop()", [&]() -> Status {
    adapter_->stop();
    return {};
  });
  if (!stopped) log::error(stopped.error().message);
}

void Host::finish() {
  if (state_ == State::stopped) return;
  state_ = State::stopped;
  const auto unanswered = publisher_->waiting();
  bus_->close();
  if (unanswered != 0)
    log::warn(
        "stopped with events that the broker did not answer; whether they are stored is unknown",
        {{"adapter", config_.name}, {"events", std::to_string(unanswered)}});
  // What the bus answered with interrupted is posted already and runs before run() returns.
  give_up_.cancel();
  work_.reset();
  boost::asio::post(reactor_, [this] { reactor_.stop(); });
}

Histogram Host::store_time(const char* outcome) {
  return metrics_.histogram("sense_adapter_store_seconds",
                            "Time from when an event was published until the broker has answered",
                            Metrics::Unit::seconds, {"outcome", outcome});
}

// The plugin has started: without that there is no host.
std::string Host::report() const {
  waiting_.set(static_cast<double>(publisher_->waiting()));
  if (state_ != State::serving) return "this adapter is stopping";
  return bus_->connected() ? "" : "the broker does not answer";
}

void Host::log_counters() const {
  for (const auto& [name, value] : counters_.snapshot())
    log::info("counter",
              {{"adapter", config_.name}, {"name", name}, {"value", std::to_string(value)}});
  log::info("adapter stopped", {{"adapter", config_.name}});
}

Host::~Host() {
  if (state_ == State::serving) stop_adapter();
  if (bus_ && state_ != State::stopped) bus_->close();
}

}  // namespace

std::span<const Option> adapter_host_options() { return option_table; }

Result<std::unique_ptr<AdapterHost>> AdapterHost::start(AdapterConfig config,
                                                        AdapterPlugin plugin) {
  auto host = std::make_unique<Host>(std::move(config), std::move(plugin));
  if (auto good = host->begin(); !good) return tl::unexpected(good.error());
  return host;
}

}  // namespace sense

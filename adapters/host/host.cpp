// SPDX-License-Identifier: Apache-2.0
#include "adapters/host/host.hpp"

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <optional>

#include "adapters/host/counting_publisher.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::array<Option, 4> option_table = {{
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
}};

constexpr std::chrono::milliseconds check_interval{250};
// Neither a restart of the broker nor the time until its first answer is worth a warning.
constexpr Duration away_unreported{std::chrono::seconds{1}};
constexpr Duration remind_interval = std::chrono::minutes{1};

std::string why_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& known) {
    return printable(known.what());
  } catch (...) {
    return "something that is no std::exception";
  }
}

// Turns what the plugin throws into an error.
template <class Call>
auto call_plugin(const std::string& name, const char* what, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (...) {
    return fail(Code::internalerror, "adapter " + name + " threw in " + what + ": " +
                                         why_of(std::current_exception()) +
                                         "; this is a fault of the plugin");
  }
}

class Host final : public AdapterHost {
 public:
  Host(AdapterConfig config, AdapterPlugin plugin)
      : plugin_(std::move(plugin)), config_(std::move(config)) {}
  ~Host() override;

  Status begin();
  Status run() override;
  void stop() override;

 private:
  Status connect();
  Status make_adapter();
  void check();
  void check_later();
  void report_connection(MonoTime now);
  void begin_stop();
  void stop_adapter();
  void finish();
  void log_counters() const;

  // In this order: each member uses those above, and the plugin stays loaded until the last object
  // that contains its code is destroyed.
  AdapterPlugin plugin_;
  AdapterConfig config_;
  Counters counters_;
  boost::asio::io_context reactor_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      reactor_.get_executor()};
  boost::asio::steady_timer timer_{reactor_};
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<CountingPublisher> publisher_;
  std::unique_ptr<AdapterContext> context_;
  std::unique_ptr<Adapter> adapter_;

  bool connected_ = false;  // as last reported
  bool adapter_stopped_ = false;
  bool finished_ = false;
  std::optional<MonoTime> away_since_;
  std::optional<MonoTime> reported_;  // when the broker's absence was last reported
  std::optional<MonoTime> give_up_;   // when a stop stops waiting
};

Status Host::begin() {
  if (auto good = connect(); !good) return good;
  if (auto good = make_adapter(); !good) return good;
  auto started = call_plugin(config_.name, "start()", [&] { return adapter_->start(); });
  if (!started) return started;
  const auto places = adapter_->listening();
  for (const auto& place : places)
    log::info("adapter listens", {{"adapter", config_.name}, {"listen", place}});
  log::info("adapter started", {{"adapter", config_.name},
                                {"plugin", plugin_.descriptor().name},
                                {"broker", config_.endpoints.service}});
  check_later();
  return {};
}

Status Host::connect() {
  BusOptions options;
  options.service = config_.endpoints.service;
  options.events = config_.endpoints.events;
  options.keys = config_.endpoints.keys;
  options.waiting_max = static_cast<std::size_t>(config_.host.integer("waiting-max"));
  options.waiting_bytes_max = static_cast<std::size_t>(config_.host.size("waiting-size-max"));
  options.request_timeout = config_.host.duration("request-timeout");
  options.executor = [this](std::function<void()> task) {
    boost::asio::post(reactor_, std::move(task));
  };
  auto bus = connect_zmq_bus(std::move(options));
  if (!bus) return tl::unexpected(bus.error());
  bus_ = std::move(*bus);
  publisher_ = std::make_unique<CountingPublisher>(*bus_, counters_);
  return {};
}

Status Host::make_adapter() {
  context_ = std::make_unique<AdapterContext>(
      AdapterContext{config_.name, system_clock(), counters_, reactor_, *publisher_});
  auto adapter = call_plugin(config_.name, "create()", [&] {
    return plugin_.descriptor().create(config_.plugin, *context_);
  });
  if (!adapter) return tl::unexpected(adapter.error());
  if (!*adapter)
    return fail(Code::internalerror, "adapter " + config_.name +
                                         " made nothing; this is a fault of "
                                         "the plugin");
  adapter_ = std::move(*adapter);
  return {};
}

void Host::check_later() {
  timer_.expires_after(check_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) check();
  });
}

void Host::check() {
  const auto now = system_clock().now().mono;
  if (give_up_) {
    if (publisher_->waiting() == 0 || now >= *give_up_) return finish();
  } else {
    report_connection(now);
  }
  check_later();
}

void Host::report_connection(MonoTime now) {
  const bool connected = bus_->connected();
  const auto waiting = std::to_string(publisher_->waiting());
  if (connected) {
    if (!connected_)
      log::info(
          "the broker answers",
          {{"adapter", config_.name}, {"broker", config_.endpoints.service}, {"waiting", waiting}});
    connected_ = true;
    away_since_.reset();
    reported_.reset();
    return;
  }
  if (!away_since_) away_since_ = now;
  if (now - *away_since_ < away_unreported || (reported_ && now - *reported_ < remind_interval))
    return;
  log::warn("the broker does not answer; events wait and are sent when it is back",
            {{"adapter", config_.name},
             {"broker", config_.endpoints.service},
             {"waiting", waiting},
             {"waiting-max", std::to_string(config_.host.integer("waiting-max"))}});
  connected_ = false;
  reported_ = now;
}

Status Host::run() {
  Status result;
  for (;;) {
    try {
      reactor_.run();
      return result;
    } catch (...) {
      if (!result) return result;
      result = fail(Code::internalerror, "adapter " + config_.name + " threw and was stopped: " +
                                             why_of(std::current_exception()) +
                                             "; this is a fault of the plugin");
      stop_adapter();
      finish();
    }
  }
}

void Host::stop() {
  boost::asio::post(reactor_, [this] { begin_stop(); });
}

void Host::stop_adapter() {
  if (!adapter_ || adapter_stopped_) return;
  adapter_stopped_ = true;
  const auto stopped = call_plugin(config_.name, "stop()", [&]() -> Status {
    adapter_->stop();
    return {};
  });
  if (!stopped) log::error(stopped.error().message);
}

void Host::begin_stop() {
  if (give_up_ || finished_) return;
  stop_adapter();
  give_up_ = system_clock().now().mono + config_.host.duration("stop-wait");
  timer_.cancel();
  check();
}

void Host::finish() {
  if (finished_) return;
  finished_ = true;
  const auto unanswered = publisher_->waiting();
  bus_->close();
  if (unanswered != 0)
    log::warn(
        "stopped with events that the broker did not answer; whether they are stored is unknown",
        {{"adapter", config_.name}, {"events", std::to_string(unanswered)}});
  // What the bus answered with interrupted is posted already and runs before run() returns.
  timer_.cancel();
  work_.reset();
  boost::asio::post(reactor_, [this] {
    log_counters();
    reactor_.stop();
  });
}

void Host::log_counters() const {
  for (const auto& [name, value] : counters_.snapshot())
    log::info("counter",
              {{"adapter", config_.name}, {"name", name}, {"value", std::to_string(value)}});
  log::info("adapter stopped", {{"adapter", config_.name}});
}

Host::~Host() {
  stop_adapter();
  if (bus_ && !finished_) bus_->close();
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

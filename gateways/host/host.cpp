// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/host.hpp"

#include <sys/prctl.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

#include "core/admin/admin_listener.hpp"
#include "core/base/log.hpp"
#include "core/plugin/plugin_call.hpp"
#include "gateways/host/gateway_metrics.hpp"
#include "gateways/host/lifecycle.hpp"

namespace sense {

namespace {

namespace asio = boost::asio;

class AsioGatewayHost final : public GatewayHost {
 public:
  explicit AsioGatewayHost(GatewayPlugin plugin) : plugin_(std::move(plugin)) {}
  ~AsioGatewayHost() override {
    if (bus_) bus_->close();
  }

  Status open(GatewayConfig config) {
    BusOptions options;
    options.service = config.endpoints.service;
    options.events = config.endpoints.events;
    options.keys = config.endpoints.keys;
    options.process = "gateway-" + config.name;
    options.waiting_max = static_cast<std::size_t>(config.host.integer("bus-waiting-max"));
    options.executor = [this](auto task) { asio::post(reactor_, std::move(task)); };
    options.on_broken = [this](Error why) { life_->stop(tl::unexpected(std::move(why))); };
    for (const auto& sentence : config.host.renamed()) log::warn(sentence);
    for (const auto& sentence : config.plugin.renamed()) log::warn(sentence);
    const auto admin_listen = config.host.text("admin-listen");
    metrics_.emplace(config.name);
    auto bus = connect_zmq_bus(std::move(options));
    if (!bus) return tl::unexpected(bus.error());
    bus_ = std::move(*bus);
    auto life = Lifecycle::make(std::move(config), plugin_.descriptor(), environment());
    if (!life) return tl::unexpected(life.error());
    life_ = std::move(*life);
    auto admin = AdminListener::open(
        admin_listen, {[this](auto task) { asio::post(reactor_, std::move(task)); },
                       [this] { return report(); }, life_->counters(), metrics_->metrics()});
    if (!admin) return tl::unexpected(admin.error());
    admin_ = std::move(*admin);
    return {};
  }

  Status run() override {
    ::prctl(PR_SET_NAME, "sense-reactor");
    asio::post(reactor_, [this] { life_->begin(); });
    run_reactor(reactor_, [this](Error why) { life_->stop(tl::unexpected(std::move(why))); });
    bus_->close();
    if (!life_->result()) return life_->result();
    for (const auto& [name, value] : life_->counters().snapshot())
      if (value != 0) log::info("counted", {{"counter", name}, {"value", std::to_string(value)}});
    const auto& totals = life_->engine().totals();
    log::info("gateway has stopped", {{"matched", std::to_string(totals.matched)},
                                      {"delivered", std::to_string(totals.delivered)},
                                      {"retried", std::to_string(totals.retried)},
                                      {"dead", std::to_string(totals.dead_letters)},
                                      {"waiting", std::to_string(life_->engine().waiting())}});
    return {};
  }

  void stop() override {
    asio::post(reactor_, [this] { life_->stop({}); });
  }

 private:
  Lifecycle::Environment environment() {
    return {*bus_,
            system_clock(),
            reactor_,
            [this](auto task) { asio::post(reactor_, std::move(task)); },
            [this](Duration pause, auto task) { after(pause, std::move(task)); },
            [this] { reactor_.stop(); },
            std::random_device{}(),
            [this](const auto& attempt) { metrics_->add(attempt); }};
  }

  // On the reactor.
  [[nodiscard]] std::string report() const {
    using State = Lifecycle::State;
    metrics_->set(life_->engine());
    if (life_->state() >= State::stopping) return "this gateway is stopping";
    if (!bus_->connected()) return "the broker does not answer";
    if (life_->state() == State::serving || life_->state() == State::standing_by) return {};
    return "this gateway is starting: it does not know yet whether it leads or stands by, or reads "
           "its subscriptions";
  }

  void after(Duration pause, std::function<void()> task) {
    auto timer = std::make_shared<asio::steady_timer>(reactor_, pause);
    timer->async_wait([timer, task = std::move(task)](boost::system::error_code error) {
      if (!error) task();
    });
  }

  // Destroyed last, since pending handlers are code of the shared object.
  GatewayPlugin plugin_;
  asio::io_context reactor_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{reactor_.get_executor()};
  std::unique_ptr<Bus> bus_;
  std::optional<GatewayMetrics> metrics_;
  std::unique_ptr<Lifecycle> life_;
  std::unique_ptr<AdminListener> admin_;  // asks all of them
};

}  // namespace

Result<std::unique_ptr<GatewayHost>> GatewayHost::start(GatewayConfig config,
                                                        GatewayPlugin plugin) {
  auto host = std::make_unique<AsioGatewayHost>(std::move(plugin));
  if (auto status = host->open(std::move(config)); !status) return tl::unexpected(status.error());
  return host;
}

}  // namespace sense

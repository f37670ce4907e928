#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <unordered_map>

#include "core/base/log.hpp"
#include "core/base/random.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/sense/secrets.hpp"
#include "gateways/sense/server.hpp"
#include "gateways/sense/udp_listener.hpp"
#include "gateways/sense/upkeep.hpp"

// The thin shell: sockets, the timer, and the host's services around the pure Server.
namespace sense::datagram {

namespace {

class SenseGateway final : public Gateway {
 public:
  SenseGateway(Limits limits, std::vector<ListenEntry> entries, std::vector<Endpoint> endpoints,
               Secrets secrets, GatewayContext& context)
      : limits_(limits),
        entries_(std::move(entries)),
        endpoints_(std::move(endpoints)),
        secrets_(std::move(secrets)),
        context_(context),
        timer_(context.reactor) {}

  ~SenseGateway() override { stop(); }

  Status start() override;
  void stop() override;
  void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) override;
  void verify(SubscriptionRef subscription, std::string token, VerificationDone done) override;
  void forget(const std::string& subscription_id) override;
  std::vector<std::string> listening() const override;

 private:
  Status open_listeners();
  ServerConfig server_config() const;
  void perform(Actions actions);
  void perform_one(Send& action) {
    if (action.to.listener < listeners_.size())
      listeners_[action.to.listener]->send(action.to.address, action.octets);
  }
  void perform_one(Publish& action);
  void perform_one(Create& action);
  void perform_one(LookUp& action);
  void perform_one(Renew& action);
  void perform_one(Cancel& action);
  void perform_one(ListSources& action);
  void perform_one(Confirm& action);
  void perform_one(Finished& action);
  void set_timer();
  // A callback that does nothing any more once the gateway has stopped.
  template <class Function>
  auto while_open(Function function) {
    return [open = std::weak_ptr<bool>(open_), function](auto&&... arguments) {
      if (open.lock()) function(std::forward<decltype(arguments)>(arguments)...);
    };
  }
  Subscriptions::Answer<SubscriptionRef> answer_to(Ticket ticket) {
    return while_open([this, ticket](Result<SubscriptionRef> result) {
      perform(server_->on_subscription(ticket, std::move(result), context_.clock.now()));
    });
  }

  Limits limits_;
  std::vector<ListenEntry> entries_;
  std::vector<Endpoint> endpoints_;
  Secrets secrets_;
  GatewayContext& context_;
  boost::asio::steady_timer timer_;
  std::optional<MonoTime> timer_due_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Upkeep> upkeep_;
  std::vector<std::unique_ptr<UdpListener>> listeners_;
  std::unordered_map<Ticket, AttemptDone> attempts_;
  Ticket tickets_ = 0;
  std::shared_ptr<bool> open_;  // null: not started, or stopped
};

Status SenseGateway::start() {
  server_ = std::make_unique<Server>(server_config(), context_.subscriptions, context_.egress,
                                     context_.counters);
  open_ = std::make_shared<bool>(true);
  upkeep_ = std::make_unique<Upkeep>(
      context_.reactor, context_.clock, context_.counters, secrets_.keys_file, secrets_.keys,
      [this](std::vector<SharedKey> keys) { server_->set_keys(std::move(keys)); });
  auto status = open_listeners();
  if (!status)
    stop();
  else
    upkeep_->start();
  return status;
}

ServerConfig SenseGateway::server_config() const {
  ServerConfig config;
  config.limits = limits_;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    config.listeners.push_back({entries_[i].address, endpoints_[i].address().is_v6()});
    config.policies.push_back(entries_[i].policy);
  }
  config.keys = secrets_.keys;
  config.fetch = secrets_.fetch;
  config.cookie_key.resize(32);
  fill_random({reinterpret_cast<unsigned char*>(config.cookie_key.data()), 32});
  fill_random({reinterpret_cast<unsigned char*>(&config.seed), sizeof(config.seed)});
  config.parameters = context_.parameters;
  return config;
}

Status SenseGateway::open_listeners() {
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    auto listener = UdpListener::open(
        context_.reactor, endpoints_[i], limits_.max_message, context_.counters,
        [this, i](std::string_view octets, const Endpoint& from, bool cut) {
          perform(server_->on_datagram(octets, {from, i}, context_.clock.now(), cut));
        });
    if (!listener) return tl::unexpected(listener.error());
    listeners_.push_back(std::move(*listener));
  }
  return {};
}

void SenseGateway::stop() {
  if (!open_) return;
  perform(server_->stop());
  open_.reset();
  upkeep_.reset();
  timer_.cancel();
  for (const auto& listener : listeners_) listener->close();
}

void SenseGateway::deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) {
  if (!open_) {
    done(Attempt::retry("the gateway is not running"));
    return;
  }
  attempts_.emplace(++tickets_, std::move(done));
  perform(server_->deliver(tickets_, std::move(delivery), context_.clock.now()));
}

void SenseGateway::verify(SubscriptionRef subscription, std::string token, VerificationDone done) {
  Verification verification{Verification::Outcome::failed, "the gateway is not running"};
  if (open_) {
    Actions actions;
    verification = server_->verify(*subscription, std::move(token), context_.clock.now(), actions);
    perform(std::move(actions));
  }
  done(std::move(verification));
}

void SenseGateway::forget(const std::string& subscription_id) {
  if (open_) perform(server_->forget(subscription_id));
}

std::vector<std::string> SenseGateway::listening() const {
  std::vector<std::string> uris;
  for (const auto& listener : listeners_) uris.push_back(callback_of(listener->local()));
  return uris;
}

void SenseGateway::perform(Actions actions) {
  for (auto& action : actions) std::visit([this](auto& one) { perform_one(one); }, action);
  set_timer();
}

void SenseGateway::perform_one(Publish& action) {
  context_.publisher.publish(
      std::move(action.event), while_open([this, ticket = action.ticket](Result<Receipt> result) {
        perform(server_->on_receipt(ticket, std::move(result), context_.clock.now()));
      }));
}

void SenseGateway::perform_one(Create& action) {
  context_.subscriptions.create(std::move(action.request), answer_to(action.ticket));
}

void SenseGateway::perform_one(LookUp& action) {
  context_.subscriptions.get(std::move(action.id), answer_to(action.ticket));
}

void SenseGateway::perform_one(Renew& action) {
  context_.subscriptions.renew(std::move(action.id), action.period, answer_to(action.ticket));
}

void SenseGateway::perform_one(Cancel& action) {
  context_.subscriptions.cancel(std::move(action.id), "cancelled", answer_to(action.ticket));
}

void SenseGateway::perform_one(ListSources& action) {
  context_.subscriptions.sources(
      std::move(action.after), action.limit,
      while_open([this, ticket = action.ticket](Result<Subscriptions::SourcePage> result) {
        perform(server_->on_sources(ticket, std::move(result), context_.clock.now()));
      }));
}

void SenseGateway::perform_one(Confirm& action) {
  context_.subscriptions.confirm(
      action.id, std::move(action.token), [id = action.id](const Result<SubscriptionRef>& result) {
        if (!result)
          log::warn("a callback's answer to VERIFY could not be used: " + to_string(result.error()),
                    {{"subscription", id}});
      });
}

void SenseGateway::perform_one(Finished& action) {
  const auto found = attempts_.find(action.ticket);
  if (found == attempts_.end()) return;
  // Out of the map first: the host may hand us its next attempt from within.
  const auto done = std::move(found->second);
  attempts_.erase(found);
  done(std::move(action.attempt));
}

void SenseGateway::set_timer() {
  if (!open_) return;
  const auto due = server_->next_timer();
  if (due == timer_due_) return;
  timer_due_ = due;
  if (!due) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::max(*due - context_.clock.now().mono, Duration{0}));
  timer_.async_wait(while_open([this](const boost::system::error_code& problem) {
    if (problem) return;
    timer_due_.reset();
    perform(server_->on_timer(context_.clock.now()));
  }));
}

Result<std::unique_ptr<Gateway>> create(const Settings& options, GatewayContext& context) {
  std::vector<ListenEntry> entries;
  std::vector<Endpoint> endpoints;
  for (const auto& text : options.list("listen")) {
    auto entry = read_listen_entry(text);
    if (!entry) return tl::unexpected(entry.error());
    const auto endpoint = parse_listen(entry->address);
    if (!endpoint) return tl::unexpected(endpoint.error());
    entries.push_back(std::move(*entry));
    endpoints.push_back(*endpoint);
  }
  auto secrets = read_secrets(options, entries);
  if (!secrets) return tl::unexpected(secrets.error());
  return std::make_unique<SenseGateway>(limits_of(options), std::move(entries),
                                        std::move(endpoints), std::move(*secrets), context);
}

constexpr std::string_view schemes[] = {"sense"};
// The waits lie in the plugin, which answers `retry` only when they have passed; these are for what
// fails before anything was sent. They make eight tries.
constexpr std::uint32_t retry_seconds[] = {1, 2, 4, 8, 16, 32, 32};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "sense",
    "SENSE/1 over UDP: subscribe, publish and receive events as text datagrams.",
    schemes,
    sense_options(),
    {"milliseconds", "both", "end-to-end", 1'200},
    {retry_seconds, 32},
    &create,
};

}  // namespace

}  // namespace sense::datagram

SENSE_GATEWAY(sense::datagram::descriptor)

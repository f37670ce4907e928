// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/check.hpp"
#include "core/base/log.hpp"
#include "core/base/random.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/sense/key_options.hpp"
#include "gateways/sense/listeners.hpp"
#include "gateways/sense/maintenance.hpp"
#include "gateways/sense/server.hpp"

// The plugin: sockets, timer and services of the host around the Server, which has none of them.
namespace sense::datagram {

namespace {

// A key or certificate that is no principal's has the rights of `anonymous`.
ServedClient served(ClientServices& clients, const ProvedClient& claim) {
  if (claim.proof)
    if (auto client = clients.identify(*claim.proof, claim.peer)) return std::move(*client);
  return clients.unproved(claim.peer);
}

ServerConfig server_config(const Limits& limits, const Listeners& listeners, const KeyOptions& keys,
                           const GatewayContext& context) {
  ServerConfig config;
  config.limits = limits;
  config.listeners = listeners.described();
  config.policies = listeners.policies();
  config.keys = keys.keys;
  config.fetch = keys.fetch;
  config.cookie_key.resize(32);
  fill_random({reinterpret_cast<unsigned char*>(config.cookie_key.data()), 32});
  fill_random({reinterpret_cast<unsigned char*>(&config.seed), sizeof(config.seed)});
  config.parameters = context.parameters;
  return config;
}

class SenseGateway final : public Gateway {
 public:
  SenseGateway(Limits limits, Listeners listeners, KeyOptions key_options, DtlsContext dtls,
               GatewayContext& context)
      : limits_(limits),
        listeners_(std::move(listeners)),
        key_options_(std::move(key_options)),
        dtls_(std::move(dtls)),
        context_(context),
        timer_(context.reactor) {}

  ~SenseGateway() override { stop(); }

  Status start() override;
  void stop() override;
  void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) override;
  void verify(SubscriptionRef subscription, std::string token, VerificationDone done) override;
  void forget(const std::string& subscription_id) override;
  std::vector<std::string> listening() const override { return listeners_.uris(); }

 private:
  void on_batch(std::size_t listener, std::span<const Datagram> batch);
  void perform(Actions actions);
  void execute_all(Actions actions) {
    for (auto& action : actions) std::visit([this](auto& one) { execute(one); }, action);
  }
  void execute(Send& action) { listeners_.send(action.to, action.key, action.octets); }
  void execute(Publish& action);
  void execute(Create& action);
  void execute(LookUp& action);
  void execute(Renew& action);
  void execute(Cancel& action);
  void execute(ListSources& action);
  void execute(Confirm& action);
  void execute(Refused& action);
  void execute(Finished& action);
  void flush_soon();
  void set_timer();
  // Wraps a callback: no effect once the gateway has stopped.
  template <class Function>
  auto while_open(Function function) {
    return [open = std::weak_ptr<bool>(open_), function](auto&&... arguments) {
      if (open.lock()) function(std::forward<decltype(arguments)>(arguments)...);
    };
  }
  Subscriptions::Answer<SubscriptionRef> on_result_of(RequestId request_id) {
    return while_open([this, request_id](Result<SubscriptionRef> result) {
      perform(server_->on_subscription(request_id, std::move(result), context_.clock.now()));
    });
  }

  Limits limits_;
  Listeners listeners_;
  KeyOptions key_options_;
  DtlsContext dtls_;  // null: no listener is one of DTLS
  GatewayContext& context_;
  boost::asio::steady_timer timer_;
  std::optional<MonoTime> timer_due_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Maintenance> maintenance_;
  bool flush_due_ = false;
  // Of the host's attempts in progress.
  std::unordered_map<AttemptId, AttemptDone> attempts_;
  AttemptId last_attempt_id_ = 0;
  std::shared_ptr<bool> open_;  // null: not running
};

Status SenseGateway::start() {
  const DtlsServices dtls{context_.clock, limits_, dtls_, key_options_.keys};
  if (auto status = listeners_.open(context_.reactor, context_.counters, dtls); !status)
    return status;
  server_ = std::make_unique<Server>(server_config(limits_, listeners_, key_options_, context_),
                                     context_.served, context_.egress, context_.counters);
  maintenance_ = std::make_unique<Maintenance>(context_.reactor, context_.clock, context_.counters,
                                               key_options_.keys_file, key_options_.keys,
                                               [this](std::vector<SharedKey> keys) {
                                                 listeners_.set_keys(keys);
                                                 server_->set_keys(std::move(keys));
                                               });
  open_ = std::make_shared<bool>(true);
  maintenance_->start();
  listeners_.receive(
      [this](std::size_t listener, std::span<const Datagram> batch) { on_batch(listener, batch); });
  return {};
}

// Datagrams sent in response to one batch leave as one batch.
void SenseGateway::on_batch(std::size_t listener, std::span<const Datagram> batch) {
  const auto now = context_.clock.now();
  for (const auto& datagram : batch) {
    execute_all(server_->on_datagram(datagram.octets, {datagram.from, listener}, now, datagram.cut,
                                     datagram.session));
    if (!open_) return;
  }
  listeners_.flush();
  set_timer();
}

void SenseGateway::stop() {
  if (!open_) return;
  perform(server_->stop());
  listeners_.flush();
  open_.reset();
  flush_due_ = false;
  maintenance_.reset();
  timer_.cancel();
  listeners_.close();
}

void SenseGateway::deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) {
  if (!open_) {
    done(Attempt::retry("the gateway is not running"));
    return;
  }
  attempts_.emplace(++last_attempt_id_, std::move(done));
  perform(server_->deliver(last_attempt_id_, std::move(delivery), context_.clock.now()));
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

void SenseGateway::perform(Actions actions) {
  execute_all(std::move(actions));
  flush_soon();
  set_timer();
}

// The host starts many deliveries in a row; one flush sends their datagrams together.
void SenseGateway::flush_soon() {
  if (!open_ || std::exchange(flush_due_, true)) return;
  boost::asio::post(context_.reactor, while_open([this] {
                      flush_due_ = false;
                      listeners_.flush();
                    }));
}

void SenseGateway::execute(Publish& action) {
  context_.clients.publish(
      served(context_.clients, action.client), action.event,
      while_open([this, request_id = action.request_id](Result<Receipt> result) {
        perform(server_->on_receipt(request_id, std::move(result), context_.clock.now()));
      }));
}

void SenseGateway::execute(Create& action) {
  context_.clients.subscriptions(served(context_.clients, action.client))
      ->create(std::move(action.request), on_result_of(action.request_id));
}

void SenseGateway::execute(LookUp& action) {
  context_.clients.subscriptions(served(context_.clients, action.client))
      ->get(std::move(action.id), on_result_of(action.request_id));
}

void SenseGateway::execute(Renew& action) {
  const auto subscriptions =
      context_.clients.subscriptions(served(context_.clients, action.client));
  auto done = on_result_of(action.request_id);
  if (action.move)
    subscriptions->move(std::move(action.id), action.period, std::move(*action.move),
                        std::move(done));
  else
    subscriptions->renew(std::move(action.id), action.period, std::move(done));
}

void SenseGateway::execute(Cancel& action) {
  context_.clients.subscriptions(served(context_.clients, action.client))
      ->cancel(std::move(action.id), "cancelled", on_result_of(action.request_id));
}

void SenseGateway::execute(ListSources& action) {
  context_.clients.subscriptions(served(context_.clients, action.client))
      ->sources(std::move(action.after), action.limit,
                while_open([this, request_id =
                                      action.request_id](Result<Subscriptions::SourcePage> result) {
                  perform(server_->on_sources(request_id, std::move(result), context_.clock.now()));
                }));
}

void SenseGateway::execute(Refused& action) {
  context_.clients.refused(served(context_.clients, action.client), std::move(action.request),
                           action.error);
}

void SenseGateway::execute(Confirm& action) {
  context_.clients.subscriptions(context_.clients.unproved({}))
      ->confirm(action.id, std::move(action.token),
                [id = action.id](const Result<SubscriptionRef>& result) {
                  if (!result)
                    log::warn("the answer of a callback to VERIFY was not accepted: " +
                                  to_string(result.error()),
                              {{"subscription", id}});
                });
}

void SenseGateway::execute(Finished& action) {
  // Removed first: the host may start its next attempt inside done().
  const auto attempt = attempts_.extract(action.attempt_id);
  SENSE_CHECK(!attempt.empty());
  attempt.mapped()(std::move(action.attempt));
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

// All that create() needs of the options.
struct Parsed {
  std::vector<ListenEntry> entries;
  KeyOptions keys;
  TransportOptions transport;
  DtlsContext dtls;
};

// Null: no listener is one of DTLS.
Result<DtlsContext> read_dtls_options(const Settings& options, const Parsed& parsed) {
  const bool wanted = std::any_of(parsed.entries.begin(), parsed.entries.end(),
                                  [](const ListenEntry& entry) { return entry.endpoint.dtls(); });
  if (!wanted) return DtlsContext();
  const DtlsServerFiles files{options.text("dtls-certificate"), options.text("dtls-private-key"),
                              options.text("dtls-clients")};
  auto context = make_dtls_server(files, !parsed.keys.keys_file.empty());
  if (context) return context;
  return fail(context.error().code,
              "listen: sense+dtls:// cannot be served: " + context.error().message +
                  "; see keys, dtls-certificate, dtls-private-key and dtls-clients");
}

Result<Parsed> parse_options(const Settings& options) {
  Parsed parsed;
  for (const auto& text : options.list("listen")) {
    auto entry = read_listen_entry(text);
    if (!entry) return tl::unexpected(entry.error());
    parsed.entries.push_back(std::move(*entry));
  }
  auto keys = read_key_options(options, parsed.entries);
  if (!keys) return tl::unexpected(keys.error());
  parsed.keys = std::move(*keys);
  // One octet more than the limit, so that a longer datagram is recognised and reported as such.
  parsed.transport.octets_max = limits_of(options).max_message + 1;
  parsed.transport.ipx_port = static_cast<std::uint16_t>(options.integer("ipx-port"));
  auto group = DdpGroup::parse(options.text("ddp-group"));
  if (!group) return fail(group.error().code, "ddp-group: " + group.error().message);
  parsed.transport.ddp_group = *group;
  auto dtls = read_dtls_options(options, parsed);
  if (!dtls) return tl::unexpected(dtls.error());
  parsed.dtls = std::move(*dtls);
  return parsed;
}

Result<std::vector<std::string>> check(const Settings& options) {
  const auto parsed = parse_options(options);
  if (!parsed) return tl::unexpected(parsed.error());
  std::vector<std::string> listeners;
  for (const auto& entry : parsed->entries)
    listeners.push_back((entry.endpoint.is_ip() ? "udp " : "") + entry.address);
  return listeners;
}

Result<std::unique_ptr<Gateway>> create(const Settings& options, GatewayContext& context) {
  auto parsed = parse_options(options);
  if (!parsed) return tl::unexpected(parsed.error());
  return std::make_unique<SenseGateway>(
      limits_of(options), Listeners(std::move(parsed->entries), std::move(parsed->transport)),
      std::move(parsed->keys), std::move(parsed->dtls), context);
}

// The table with what only this file knows how to read.
std::vector<Option> checked_options() {
  std::vector<Option> table;
  for (const auto& option : sense_options()) {
    const std::string_view key = option.key;
    table.push_back(option);
    if (key == "listen") table.back().check = checked_by<read_listen_entry>;
    if (key == "ddp-group") table.back().check = checked_by<DdpGroup::parse>;
    if (key == "keys") table.back().check = checked_by<read_shared_keys>;
    if (key == "fetch-key") table.back().check = checked_by<read_shared_key>;
  }
  return table;
}
const std::vector<Option> options_table = checked_options();

using namespace std::chrono_literals;

// Larger events are fetched by a URL.
constexpr Capabilities datagrams(Privacy privacy) {
  return {.latency = {1ms, 1s},
          .digest_latency = Bounds{1ms, 1s},
          .acknowledgement = Acknowledgement::subscriber,
          .privacy = privacy,
          .payload_max = 1'200};
}
constexpr Scheme schemes[] = {{"sense", datagrams(Privacy::signature)},
                              {"sense+dtls", datagrams(Privacy::tls)}};
// The plugin itself waits for the acknowledgement and reports `retry` only afterwards; these pauses
// apply to attempts that fail before anything is sent. They make as many tries as max-retries.
constexpr std::uint32_t retry_seconds[] = {1, 2, 4, 8, 16, 32, 32, 32, 32, 32, 32, 32, 32};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "sense",
    "SENSE/1 over UDP, DTLS, Unix sockets, IPX or AppleTalk: events as text datagrams.",
    schemes,
    options_table,
    {retry_seconds, 32},
    &create,
    &check,
};

}  // namespace

}  // namespace sense::datagram

SENSE_GATEWAY(sense::datagram::descriptor)

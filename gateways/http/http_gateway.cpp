// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/http_gateway.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <map>
#include <utility>

#include "core/base/log.hpp"
#include "core/egress/signing_key.hpp"
#include "core/egress/transfer.hpp"
#include "core/http/request_guard.hpp"
#include "core/http/server.hpp"
#include "core/sense/shared_keys.hpp"
#include "gateways/http/callbacks/callback.hpp"
#include "gateways/http/callbacks/verification.hpp"
#include "gateways/http/routes.hpp"
#include "gateways/http/tls_options.hpp"
#include "gateways/http/websub/subscriber.hpp"

namespace sense::http {

namespace {

Status check_origin(const std::string& origin) {
  for (const char c : origin)
    if (c <= ' ' || c > '~')
      return fail(Code::badparam, "origin: has a character that no HTTP header may have");
  return {};
}

constexpr std::array options_table{
    Option{
        "listen", OptionType::text, "127.0.0.1:8080",
        "IP address and port of the HTTP listener, e.g. 127.0.0.1:8080 or [::1]:8080; empty: none.",
        0, 64}
        .checked(checked_by<parse_listen>),
    Option{
        "hosts", OptionType::list, "localhost,127.0.0.1,[::1]",
        "Names that clients may call this service by (the Host header), without ports, besides the "
        "address it listens on.",
        0, 64},
    Option{"tls-certificate", OptionType::path, "",
           "The certificate of this listener, in PEM, with its chain; it then takes https alone. "
           "Empty: it takes plain HTTP.",
           0, 0, nullptr, /*secret=*/true},
    Option{"tls-key", OptionType::path, "",
           "The private key of that certificate, in PEM, readable by its owner alone.", 0, 0,
           nullptr, /*secret=*/true},
    Option{"tls-client", OptionType::text, "off",
           "Certificates of clients: off (not asked for), optional, or required."}
        .checked(checked_by<parse_tls_clients>),
    Option{"tls-client-ca", OptionType::path, "",
           "CAs of clients, in PEM: a client's certificate must be of one of them.", 0, 0, nullptr,
           /*secret=*/true},
    Option{"tls-revoked", OptionType::path, "",
           "Revoked certificates of clients: a list (CRL, PEM) of each of those CAs; empty: none.",
           0, 0, nullptr, /*secret=*/true},
    Option{"allow-plain-http", OptionType::boolean, "false",
           "Without TLS, serve other machines, whose tokens and events then cross the network in "
           "the clear; false: only this machine."},
    Option{"allow-anonymous", OptionType::boolean, "false",
           "Serve requests from other machines that have no token and no certificate, also without "
           "TLS; false: only from this machine."},
    Option{"trusted-proxies", OptionType::list, "",
           "Networks of proxies, separated by commas: a request of theirs is that of the address "
           "that they have added to X-Forwarded-For, and never one of this machine; empty: the "
           "header is not believed.",
           0, 64}
        .checked(checked_by<Network::parse>),
    Option{"max-connections", OptionType::integer, "256",
           "Clients connected at once; an eighth is for this machine alone.", 1, 100'000},
    Option{"max-connections-per-address", OptionType::integer, "64",
           "Connections of one address of another machine (of IPv6 a whole /64); 0: no limit.", 0,
           100'000},
    Option{"max-streams", OptionType::integer, "10000",
           "Open streams at once, besides the connections; an eighth is for this machine alone.", 1,
           1'000'000},
    Option{"max-streams-per-address", OptionType::integer, "64",
           "Streams of one address of another machine (of IPv6 a whole /64); 0: no limit.", 0,
           1'000'000},
    Option{"header-timeout", OptionType::duration, "10s",
           "Time for a request's headers, from the connection or the last response.", 1, 3600},
    Option{"body-timeout", OptionType::duration, "30s", "Time for a request's body.", 1, 3600},
    Option{"answer-timeout", OptionType::duration, "30s",
           "Time for the broker to answer; then the client is told that the outcome is unknown.", 1,
           3600},
    Option{"origin", OptionType::text, "sense",
           "What this service calls itself when it asks a callback whether it wants deliveries "
           "(WebHook-Request-Origin), e.g. events.example.com.",
           1, 255}
        .checked(check_origin),
    Option{"connect-timeout", OptionType::duration, "5s", "Time to connect to a callback.", 1, 300},
    Option{"timeout", OptionType::duration, "15s", "Time for one whole attempt at a callback.", 1,
           3600},
    Option{"max-in-flight", OptionType::integer, "2048",
           "Attempts under way at once, over all callbacks; at most half of the files that the "
           "process may open.",
           1, 100'000},
    Option{
        "fetch-key", OptionType::path, "",
        "The file with the key (`sense keys shared`) that this gateway shares with the SENSE "
        "gateway: possession of a URL made with it authorises fetching that one event, for a day, "
        "from any machine; empty: events cannot be fetched.",
        0, 0, nullptr, /*secret=*/true}
        .checked(checked_by<datagram::read_shared_key>),
    Option{"signing-key", OptionType::path, "",
           "The file with an ed25519 key (`sense keys signing`) that every delivery is signed "
           "with, beside the secret of its subscription; empty: with that secret alone.",
           0, 0, nullptr, /*secret=*/true}
        .checked(checked_by<read_signing_key>),
    Option{"ca-file", OptionType::path, "",
           "Certificates (PEM) to trust in callbacks instead of the system's; empty: the system's."}
        .checked(check_readable),
    Option{"endpoints", OptionType::list, "",
           "TLS of callbacks at some hosts: HOST, *.DOMAIN for all below it, with ca=FILE to trust "
           "instead of ca-file, and cert=FILE key=FILE to show; the first that fits counts.",
           0, 1000, nullptr, /*secret=*/true}
        .checked(checked_by<read_endpoint_tls>),
    Option{"proxy", OptionType::text, "",
           "Forward proxy, http://host:port, that callbacks are called through (CONNECT); it must "
           "itself refuse names of internal addresses. Empty: none.",
           0, 255}
        .checked(check_proxy),
};

// Attempts and verifications in progress. The gateway holds the only shared_ptr; a reply that comes
// after the gateway's end finds none.
struct UnderWay {
  std::map<std::uint64_t, AttemptDone> attempts;
  std::map<std::uint64_t, VerificationDone> verifications;
  std::uint64_t last = 0;

  void finish(std::uint64_t id, Attempt attempt) {
    if (auto taken = attempts.extract(id); !taken.empty()) taken.mapped()(std::move(attempt));
  }
  void finish(std::uint64_t id, Verification verification) {
    if (auto taken = verifications.extract(id); !taken.empty())
      taken.mapped()(std::move(verification));
  }
};

class HttpGateway final : public Gateway {
 public:
  HttpGateway(const Settings& options, std::string fetch_secret, std::vector<Network> proxies,
              std::optional<SigningKey> signing_key, std::vector<EndpointTls> endpoints,
              GatewayContext& context)
      : context_(context),
        signing_key_(std::move(signing_key)),
        fetch_secret_(std::move(fetch_secret)),
        proxies_(std::move(proxies)),
        origin_(options.text("origin")),
        delivered_(context.counters["http.deliveries.delivered"]),
        failed_(context.counters["http.deliveries.failed"]) {
    server_options_.listen = options.text("listen");
    server_options_.hosts = options.list("hosts");
    server_options_.tls = tls_of(options);
    server_options_.others = others_of(options);
    server_options_.connections_max = static_cast<std::size_t>(options.integer("max-connections"));
    server_options_.connections_per_address_max =
        static_cast<std::size_t>(options.integer("max-connections-per-address"));
    server_options_.streams_max = static_cast<std::size_t>(options.integer("max-streams"));
    server_options_.streams_per_address_max =
        static_cast<std::size_t>(options.integer("max-streams-per-address"));
    server_options_.header_timeout = options.duration("header-timeout");
    server_options_.body_timeout = options.duration("body-timeout");
    server_options_.answer_timeout = options.duration("answer-timeout");
    transfer_options_.connect_timeout = options.duration("connect-timeout");
    transfer_options_.total_timeout = options.duration("timeout");
    transfer_options_.in_flight_max = static_cast<std::size_t>(options.integer("max-in-flight"));
    transfer_options_.ca_file = options.text("ca-file");
    transfer_options_.proxy = options.text("proxy");
    transfer_options_.endpoints = std::move(endpoints);
    transfer_options_.keep_headers = {"retry-after", "webhook-allowed-origin"};
  }
  ~HttpGateway() override { stop(); }

  [[nodiscard]] Status start() override;
  void stop() override;
  void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) override;
  void verify(SubscriptionRef subscription, std::string token, VerificationDone done) override;
  [[nodiscard]] std::vector<std::string> listening() const override {
    if (!server_) return {};
    return {(server_options_.tls ? "https://" : "http://") + server_->address()};
  }

 private:
  [[nodiscard]] HttpRequest request_of(const Delivery& delivery) const;
  void ask_subscriber(std::uint64_t id, const Subscription& subscription, std::string challenge);
  void challenge(std::uint64_t id, const Question& question, HttpRequest request);
  void tell_plain() const;

  [[nodiscard]] Signing signing() const {
    return {context_.clock.now().wall, signing_key_ ? &*signing_key_ : nullptr};
  }

  GatewayContext& context_;
  const std::optional<SigningKey> signing_key_;
  const std::string fetch_secret_;
  const std::vector<Network> proxies_;
  const std::string origin_;
  ServerOptions server_options_;
  TransferOptions transfer_options_;
  std::shared_ptr<Routes> routes_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Transfer> transfer_;
  std::shared_ptr<UnderWay> under_way_ = std::make_shared<UnderWay>();
  Counters::Counter& delivered_;
  Counters::Counter& failed_;
};

Status HttpGateway::start() {
  const auto executor = [&reactor = context_.reactor](std::function<void()> task) {
    boost::asio::post(reactor, std::move(task));
  };
  auto transfer = Transfer::make(transfer_options_, context_.egress, executor);
  if (!transfer) return tl::unexpected(transfer.error());
  transfer_ = std::move(*transfer);
  if (server_options_.listen.empty()) return {};
  // A client that waits is answered before the server gives the answer up.
  constexpr Duration margin = std::chrono::seconds{1};
  const auto wait_max = std::max<Duration>(server_options_.answer_timeout - margin, margin / 2);
  const bool links = server_options_.others != Others::none;
  routes_ = std::make_shared<Routes>(
      context_,
      Routes::Options{fetch_secret_, proxies_, signing_key_ ? signing_key_->public_text() : "",
                      wait_max, server_options_.tls.has_value(), links});
  if (links || !fetch_secret_.empty())
    server_options_.permitted = [routes = std::weak_ptr(routes_)](std::string_view method,
                                                                  std::string_view target) {
      const auto alive = routes.lock();
      return alive && alive->permits(method, target);
    };
  auto server = Server::open(context_.reactor, server_options_, context_.counters,
                             [routes = routes_](Request request, Respond respond) {
                               routes->handle(std::move(request), std::move(respond));
                             });
  if (!server) return fail(server.error().code, about_key("listen", server.error().message));
  server_ = std::move(*server);
  if (!server_options_.tls) tell_plain();
  return {};
}

void HttpGateway::tell_plain() const {
  if (server_options_.others == Others::none)
    return log::info(
        "without TLS this listener serves this machine only; to serve others, set tls-certificate "
        "and tls-key (docs/http-gateway.md, TLS)");
  log::warn("without TLS the tokens and events of other machines cross the network in the clear");
}

void HttpGateway::stop() {
  server_.reset();
  routes_.reset();
  if (transfer_) transfer_->stop();
  transfer_.reset();
  auto ended = std::exchange(under_way_, std::make_shared<UnderWay>());
  for (auto& [id, done] : ended->attempts) done(Attempt::retry("this gateway is stopping"));
  for (auto& [id, done] : ended->verifications)
    done({Verification::Outcome::failed, "this gateway is stopping"});
}

HttpRequest HttpGateway::request_of(const Delivery& delivery) const {
  if (!is_websub(*delivery.subscription)) return callback_request(delivery, signing());
  return delivery.kind == Delivery::Kind::ended ? denial_request(delivery)
                                                : content_request(delivery, signing());
}

void HttpGateway::deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) {
  if (!transfer_) return done(Attempt::retry("this gateway is stopping"));
  if (is_websub(*delivery->subscription) && is_end_of_lease(*delivery))
    return done(Attempt::delivered("WebSub tells no end of a lease"));
  const auto id = ++under_way_->last;
  under_way_->attempts.emplace(id, std::move(done));
  transfer_->http(request_of(*delivery), [this, id, alive = std::weak_ptr(under_way_)](
                                             const Result<TransferReply>& reply) {
    const auto under_way = alive.lock();
    if (!under_way) return;
    auto attempt = outcome_of(reply, context_.clock.now().wall);
    ++(attempt.outcome == Attempt::Outcome::delivered ? delivered_ : failed_);
    under_way->finish(id, std::move(attempt));
  });
}

void HttpGateway::verify(SubscriptionRef subscription, std::string token, VerificationDone done) {
  // Nothing is sent until its owner asks.
  if (is_pulled(*subscription)) return done({Verification::Outcome::verified, "its owner asks"});
  if (subscription->callback.starts_with("pull:"))
    return done({Verification::Outcome::refused, "the callback is pull: and nothing behind it"});
  if (!transfer_) return done({Verification::Outcome::failed, "this gateway is stopping"});
  const auto id = ++under_way_->last;
  under_way_->verifications.emplace(id, std::move(done));
  if (is_websub(*subscription)) return ask_subscriber(id, *subscription, std::move(token));
  Question question{subscription->callback, origin_, std::move(token), *subscription->secrets};
  auto request = first_request(question);
  transfer_->http(std::move(request), [this, id, question, alive = std::weak_ptr(under_way_)](
                                          const Result<TransferReply>& reply) {
    const auto under_way = alive.lock();
    if (!under_way) return;
    auto step = after_options(question, reply, signing());
    if (step.finished)
      under_way->finish(id, std::move(step.outcome));
    else
      challenge(id, question, std::move(step.request));
  });
}

void HttpGateway::ask_subscriber(std::uint64_t id, const Subscription& subscription,
                                 std::string challenge) {
  auto request = intent_request(subscription, challenge);
  transfer_->http(std::move(request),
                  [id, challenge = std::move(challenge),
                   alive = std::weak_ptr(under_way_)](const Result<TransferReply>& reply) {
                    if (const auto under_way = alive.lock())
                      under_way->finish(id, after_intent(reply, challenge));
                  });
}

void HttpGateway::challenge(std::uint64_t id, const Question& question, HttpRequest request) {
  transfer_->http(std::move(request), [id, question, alive = std::weak_ptr(under_way_)](
                                          const Result<TransferReply>& reply) {
    if (const auto under_way = alive.lock())
      under_way->finish(id, after_challenge(question, reply));
  });
}

}  // namespace

std::span<const Option> http_options() { return options_table; }

Result<std::vector<std::string>> http_listeners(const Settings& options) {
  if (auto good = check_tls(options); !good) return tl::unexpected(good.error());
  const auto& listen = options.text("listen");
  if (listen.empty()) return std::vector<std::string>();
  return std::vector{"tcp " + listen};
}

Result<std::unique_ptr<Gateway>> make_http_gateway(const Settings& options,
                                                   GatewayContext& context) {
  if (const auto& listen = options.text("listen"); !listen.empty())
    if (auto endpoint = parse_listen(listen); !endpoint) return tl::unexpected(endpoint.error());
  if (auto good = check_tls(options); !good) return tl::unexpected(good.error());
  if (auto good = check_origin(options.text("origin")); !good) return tl::unexpected(good.error());
  auto proxies = parse_proxies(options.list("trusted-proxies"));
  if (!proxies) return tl::unexpected(proxies.error());
  std::string fetch_secret;
  if (const auto& file = options.text("fetch-key"); !file.empty()) {
    auto key = datagram::read_shared_key(file);
    if (!key) return fail(key.error().code, "fetch-key: " + key.error().message);
    fetch_secret = std::move(key->secret);
  }
  std::optional<SigningKey> signing_key;
  if (const auto& file = options.text("signing-key"); !file.empty()) {
    auto key = read_signing_key(file);
    if (!key) return fail(key.error().code, "signing-key: " + key.error().message);
    signing_key = std::move(*key);
  }
  std::vector<EndpointTls> endpoints;
  for (const auto& entry : options.list("endpoints")) {
    auto endpoint = read_endpoint_tls(entry);
    if (!endpoint) return fail(endpoint.error().code, "endpoints: " + endpoint.error().message);
    endpoints.push_back(std::move(*endpoint));
  }
  return std::make_unique<HttpGateway>(options, std::move(fetch_secret), std::move(*proxies),
                                       std::move(signing_key), std::move(endpoints), context);
}

}  // namespace sense::http

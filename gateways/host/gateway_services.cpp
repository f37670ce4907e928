// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/gateway_services.hpp"

#include "core/event/recipients.hpp"

namespace sense {

namespace {

Status about_callback(const Status& status) {
  if (status) return {};
  return fail(status.error().code, "callback: " + status.error().message, "callback");
}

}  // namespace

namespace {

// The client itself decides when it asks, and for how much.
Status check_pulled(const Subscription& subscription) {
  DeliveryOptions only;
  only.expiry = subscription.delivery.expiry;
  if (subscription.delivery == only) return {};
  return fail(Code::badparam,
              "delivery: of a subscription with the callback pull: only expiry can be set, since "
              "its client asks when it likes",
              "delivery");
}

Engine::Defaults with_names(Engine::Defaults defaults, const KnownClients& known) {
  defaults.owner_names = [&known](const std::string& owner) { return known.names_of(owner); };
  return defaults;
}

}  // namespace

Result<ServedClient> BusForClients::identify(const Proof& proof, std::string peer) {
  auto principal = known_.identify(proof);
  if (!principal) return tl::unexpected(principal.error());
  return ServedClient{std::move(*principal), name_, std::move(peer)};
}

bool BusForClients::is_served(const ServedClient& client) const {
  return client.principal == anonymous || known_.is_identified(client.principal);
}

void BusForClients::publish(const ServedClient& client, const Event& event, Publisher::Done done) {
  if (is_served(client)) return publisher_.publish_for(client, event, std::move(done));
  post_([done = std::move(done)] {
    done(fail(Code::noaccess, "the client's proof is not valid any more: let it prove itself"));
  });
}

std::shared_ptr<Subscriptions> BusForClients::subscriptions(const ServedClient& client) {
  return subscriptions_(is_served(client) ? client : unproved(client.peer));
}

GatewayServices::GatewayServices(GatewayConfig of_gateway, const GatewayDescriptor& descriptor,
                                 Bus& bus, const Clock& clock, boost::asio::io_context& reactor,
                                 Executor post, std::uint64_t seed)
    : config(std::move(of_gateway)),
      known(bus),
      refusals(bus, counters),
      engine(with_names(engine_defaults(descriptor, config.host), known), seed),
      directory(config.name, descriptor.schemes),
      subscriptions(bus, clock, post, served()),
      clients(config.name, bus, known, refusals, post,
              [this, &bus, &clock, post](const ServedClient& client) {
                return std::make_shared<SubscriptionClient>(bus, clock, post, served(client),
                                                            client);
              }),
      context{config.name,
              clock,
              counters,
              reactor,
              clients,
              engine,
              config.egress,
              [this] {
                auto shown = config.host.shown();
                for (auto& own : config.plugin.shown()) shown.push_back(std::move(own));
                return shown;
              },
              events_by_sequence(bus),
              [this](std::string_view id) { return ended.find(id, context.clock.now().mono); }} {
  context.gateways = [this] { return directory.list(); };
}

SubscriptionClient::Served GatewayServices::served(const ServedClient& client) {
  return {[this](const std::string& scheme) { return directory.serves_anywhere(scheme); },
          config.host.duration("lease-max"),
          [this](const Subscription& subscription, const Uri& callback) {
            return check_callback(subscription, callback);
          },
          [this, client](const Error& error) {
            if (!client.principal.empty()) refusals.add(client, "SUBSCRIPTION", error);
          }};
}

// The address is checked when it is connected to; a port that is refused at every address is told
// to the subscriber at once. Whether a gateway in another process has room to verify is known only
// there.
Status GatewayServices::check_callback(const Subscription& subscription, const Uri& callback) {
  if (callback.port && (callback.scheme == "http" || callback.scheme == "https"))
    if (auto status = config.egress.check_http_port(*callback.port); !status)
      return about_callback(status);
  if (auto status = directory.check_latency(subscription.delivery, callback.scheme); !status)
    return status;
  if (callback.scheme == "pull")
    if (auto status = check_pulled(subscription); !status) return status;
  if (!directory.serves_here(callback.scheme)) return {};
  if (auto status = check_endpoint(subscription); !status) return about_callback(status);
  const bool unverified =
      subscription.state == SubscriptionState::pending || has_intent(subscription);
  const bool asks = unverified && room_to_verify;
  return asks ? about_callback(room_to_verify(subscription.owner, subscription.callback))
              : Status();
}

Status GatewayServices::check_latency(const Subscription& subscription) const {
  const auto uri = parse_uri(subscription.callback);
  if (!uri) return tl::unexpected(uri.error());
  return directory.check_latency(subscription.delivery, uri->scheme);
}

Status GatewayServices::check_endpoint(const Subscription& subscription) {
  const auto most = static_cast<std::size_t>(config.host.integer("endpoints-per-owner-max"));
  if (engine.endpoints().has_room(subscription, most)) return {};
  ++counters["gateway.endpoints.no-room"];
  return fail(Code::nomoreroom, "its owner has " + std::to_string(most) +
                                    " callbacks at this gateway already "
                                    "(endpoints-per-owner-max)");
}

Engine::Defaults engine_defaults(const GatewayDescriptor& descriptor, const Settings& host) {
  Engine::Defaults defaults;
  for (const auto pause : descriptor.delivery.retry_seconds)
    defaults.pauses.push_back(std::chrono::seconds{pause});
  defaults.window = descriptor.delivery.window;
  defaults.suspend_after = static_cast<std::uint32_t>(host.integer("suspend-after"));
  defaults.suspend_over = host.duration("suspend-over");
  defaults.backlog_max = static_cast<std::size_t>(host.integer("backlog-max"));
  defaults.owner_waiting_max = static_cast<std::size_t>(host.integer("waiting-per-owner-max"));
  defaults.owner_octets_max = static_cast<std::uint64_t>(host.size("waiting-size-per-owner"));
  defaults.owner_filter_steps = static_cast<std::uint64_t>(host.integer("filter-steps-per-owner"));
  return defaults;
}

EventLoader events_by_sequence(JournalReader& bus) {
  return [&bus](std::uint64_t sequence, const ServedClient& client,
                std::function<void(Result<EventRef>)> done) {
    // A bound of one octet is one event: the broker ends a reply with the first event that reaches
    // the bound.
    const auto* const holds = client.principal.empty()
                                  ? "the journal does not hold event "
                                  : "the journal holds nothing that this client may read as event ";
    bus.fetch(
        sequence, {"{"}, 1,
        [sequence, holds, done = std::move(done)](const Result<Bus::FetchReply>& reply) {
          if (!reply) return done(tl::unexpected(reply.error()));
          for (const auto& event : reply->events)
            if (event->sequence == sequence) return done(without_recipients(event));
          done(fail(Code::notfound, holds + std::to_string(sequence) + " (any more)"));
        },
        client);
  };
}

}  // namespace sense

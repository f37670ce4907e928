// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "core/registry/ended_subscriptions.hpp"
#include "core/registry/subscription_client.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/host/engine/engine.hpp"
#include "gateways/host/host.hpp"
#include "gateways/host/known_clients.hpp"
#include "gateways/host/refusal_reports.hpp"
#include "gateways/host/subscriptions/gateway_directory.hpp"

namespace sense {

// The bus for the clients of a gateway. What it is given must outlive it; reactor thread only.
class BusForClients final : public ClientServices {
 public:
  using MakeSubscriptions = std::function<std::shared_ptr<Subscriptions>(const ServedClient&)>;
  // `name`: of the gateway. `post` runs a task soon.
  BusForClients(std::string name, ClientPublisher& publisher, KnownClients& known,
                RefusalReports& refusals, Executor post, MakeSubscriptions subscriptions)
      : name_(std::move(name)),
        publisher_(publisher),
        known_(known),
        refusals_(refusals),
        post_(std::move(post)),
        subscriptions_(std::move(subscriptions)) {}

  [[nodiscard]] ServedClient unproved(std::string peer) const override {
    return {anonymous, name_, std::move(peer)};
  }
  [[nodiscard]] Result<ServedClient> identify(const Proof& proof, std::string peer) override;
  void publish(const ServedClient& client, const Event& event, Publisher::Done done) override;
  [[nodiscard]] std::shared_ptr<Subscriptions> subscriptions(const ServedClient& client) override;
  void refused(const ServedClient& client, std::string request, const Error& error) override {
    refusals_.add(client, std::move(request), error);
  }

 private:
  // The client as it may be served: as anonymous, if it was not identified here.
  [[nodiscard]] bool is_served(const ServedClient& client) const;

  const std::string name_;
  ClientPublisher& publisher_;
  KnownClients& known_;
  RefusalReports& refusals_;
  const Executor post_;
  MakeSubscriptions subscriptions_;
};

// What a gateway's plugin uses of its host, behind its GatewayContext. Exists before the plugin's
// object, and outlives it; stays where it is. Reactor thread only.
struct GatewayServices {
  // `bus`, `clock`, `reactor` and `descriptor` must outlive it. `seed`: of the retries' jitter.
  GatewayServices(GatewayConfig of_gateway, const GatewayDescriptor& descriptor, Bus& bus,
                  const Clock& clock, boost::asio::io_context& reactor, Executor post,
                  std::uint64_t seed);
  GatewayServices(const GatewayServices&) = delete;
  GatewayServices& operator=(const GatewayServices&) = delete;

  const GatewayConfig config;
  // Fails with badparam when the callback's scheme cannot keep the subscription's max-latency.
  [[nodiscard]] Status check_latency(const Subscription& subscription) const;
  // Fails with nomoreroom, and counts that, when the owner has endpoints-per-owner-max callbacks
  // here without that of this subscription.
  [[nodiscard]] Status check_endpoint(const Subscription& subscription);

  // Whether a callback that is served here can be asked at all. Empty: it can.
  std::function<Status(const std::string& owner, const std::string& callback)> room_to_verify;
  Counters counters;
  KnownClients known;
  RefusalReports refusals;
  Engine engine;
  EndedSubscriptions ended;
  GatewayDirectory directory;
  SubscriptionClient subscriptions;  // for the host itself
  BusForClients clients;
  GatewayContext context;

 private:
  // `client`: whose refusals are told. Without a principal: the host's own requests.
  [[nodiscard]] SubscriptionClient::Served served(const ServedClient& client = {});
  // Refuses a callback that would be refused, or not be asked, later.
  [[nodiscard]] Status check_callback(const Subscription& subscription, const Uri& callback);
};

// The delivery parameters where a subscription sets none: the plugin's schedule and the operator's
// gateway_host_options().
[[nodiscard]] Engine::Defaults engine_defaults(const GatewayDescriptor& descriptor,
                                               const Settings& host);

// Loads the event with that sequence; answers once, later: notfound when the journal does not hold
// it.
using EventLoader =
    std::function<void(std::uint64_t, const ServedClient&, std::function<void(Result<EventRef>)>)>;

// Loads single events of the journal by sequence. The bus must outlive the result.
[[nodiscard]] EventLoader events_by_sequence(JournalReader& bus);

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/http/proxies.hpp"

namespace sense::http {

// The paths of docs/http-gateway.md: turns each request into a call of the services for its client,
// and the result into a response (responses.hpp). Without sockets. Reactor
// thread only; the context must outlive it. Held by a shared_ptr; requests in progress when the
// last one is released get no response.
class Routes : public std::enable_shared_from_this<Routes> {
 public:
  // `fetch_secret`: the key of URLs of events that are too big for a datagram; "": none is valid.
  // `proxies`: that say whose a request is (proxies.hpp).
  // `public_key`: that receivers check signatures with; "": there is none.
  explicit Routes(GatewayContext& context, std::string fetch_secret = {},
                  std::vector<Network> proxies = {}, std::string public_key = {})
      : context_(context),
        fetch_secret_(std::move(fetch_secret)),
        proxies_(std::move(proxies)),
        public_key_(std::move(public_key)) {}

  void handle(Request request, Respond respond);
  // Whether a GET of this target carries its own permission.
  [[nodiscard]] bool permits(std::string_view target) const;

 private:
  struct RoutedRequest;  // a request with its path parsed
  struct Route;
  static const std::vector<Route>& table();

  void publish(RoutedRequest& request, Respond respond);
  void fetch(RoutedRequest& request, Respond respond);
  void create(RoutedRequest& request, Respond respond);
  void list(RoutedRequest& request, Respond respond);
  void get(RoutedRequest& request, Respond respond);
  void renew(RoutedRequest& request, Respond respond);
  void confirm(RoutedRequest& request, Respond respond);
  // `serve` with the context, the OwnedRequest and the response, when it is the client's own.
  template <auto serve>
  void for_owner(RoutedRequest& request, Respond respond);
  void edit(RoutedRequest& request, Respond respond);
  void pause(RoutedRequest& request, Respond respond);
  void resume(RoutedRequest& request, Respond respond);
  void test(RoutedRequest& request, Respond respond);
  void cancel(RoutedRequest& request, Respond respond);
  void sources(RoutedRequest& request, Respond respond);
  void parameters(RoutedRequest& request, Respond respond);
  void health(RoutedRequest& request, Respond respond);
  void metrics(RoutedRequest& request, Respond respond);

  // Calls `change` only if the subscription exists and is the client's own; otherwise responds with
  // notfound, and why it ended.
  using Change = std::function<void(Subscriptions& of_client, const SubscriptionRef& found)>;
  void if_owned(const RoutedRequest& request, const Respond& respond, Change change);
  [[nodiscard]] Response not_found(const std::string& id, const std::string& owner,
                                   const Error& error) const;
  // Nothing: the request has none. Fails when it has what is no token.
  [[nodiscard]] static Result<std::optional<Proof>> token_of(const Request& request);
  // Who sends the request, by its token and its certificate. Fails when one of them proves nothing
  // that is known, or they prove different principals.
  [[nodiscard]] Result<ServedClient> client_of(const Request& request) const;
  [[nodiscard]] std::shared_ptr<Subscriptions> subscriptions(const RoutedRequest& request) const;

  GatewayContext& context_;
  const std::string fetch_secret_;
  const std::vector<Network> proxies_;
  const std::string public_key_;
};

}  // namespace sense::http

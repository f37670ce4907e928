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
#include "gateways/http/feeds/feed_server.hpp"
#include "gateways/http/management/mail_links.hpp"
#include "gateways/http/proxies.hpp"

namespace sense::http {

// The paths of docs/http-gateway.md: turns each request into a call of the services for its client,
// and the result into a response (responses.hpp). Without sockets. Reactor
// thread only; the context must outlive it. Held by a shared_ptr; requests in progress when the
// last one is released get no response.
class Routes : public std::enable_shared_from_this<Routes> {
 public:
  struct Options {
    // The key of URLs of events that are too big for a datagram; "": none is valid.
    std::string fetch_secret = {};
    std::vector<Network> proxies = {};  // that say whose a request is (proxies.hpp)
    std::string public_key = {};        // that receivers check signatures with; "": there is none
    Duration wait_max = std::chrono::seconds{29};  // for which a client may wait for events
    bool tls = false;                              // of the listener
    // Whether other machines, which prove nothing, are served with the links of mails.
    bool links = false;
  };
  explicit Routes(GatewayContext& context) : Routes(context, Options()) {}
  Routes(GatewayContext& context, Options options)
      : context_(context),
        options_(std::move(options)),
        feeds_(std::make_shared<FeedServer>(context, options_.wait_max)),
        links_(std::make_shared<MailLinks>(context)) {}

  void handle(Request request, Respond respond);
  // Whether a request carries its own permission in its target, or needs none: the URL of an event,
  // or a link of a mail.
  [[nodiscard]] bool permits(std::string_view method, std::string_view target) const;

 private:
  struct RoutedRequest;  // a request with its path parsed
  struct Route;
  static const std::vector<Route>& table();

  void publish(RoutedRequest& request, Respond respond);
  void fetch(RoutedRequest& request, Respond respond);
  void create(RoutedRequest& request, Respond respond);
  void list(RoutedRequest& request, Respond respond);
  template <auto serve>
  void link(RoutedRequest& request, Respond respond);
  // `serve` with the context, the OwnedRequest and the response, when it is the client's own.
  template <auto serve>
  void for_owner(RoutedRequest& request, Respond respond);
  // Likewise, of the feeds.
  template <auto serve>
  void feed(RoutedRequest& request, Respond respond);
  void select(RoutedRequest& request, Respond respond);
  void sources(RoutedRequest& request, Respond respond);
  void types(RoutedRequest& request, Respond respond);
  void gateways(RoutedRequest& request, Respond respond);
  void hub(RoutedRequest& request, Respond respond);
  void topic(RoutedRequest& request, Respond respond);
  void parameters(RoutedRequest& request, Respond respond);
  void health(RoutedRequest& request, Respond respond);
  void openapi(RoutedRequest& request, Respond respond);

  // Calls `change` only if the subscription exists and is the client's own; otherwise responds with
  // notfound, and why it ended.
  using Change = std::function<void(Subscriptions& of_client, const SubscriptionRef& found)>;
  void if_owned(const RoutedRequest& request, const Respond& respond, Change change);
  [[nodiscard]] Response not_found(const std::string& id, const std::string& owner,
                                   const Error& error) const;
  // Who sends the request, by its token and its certificate. Fails when one of them proves nothing
  // that is known, or they prove different principals.
  [[nodiscard]] Result<ServedClient> client_of(const Request& request) const;
  [[nodiscard]] std::shared_ptr<Subscriptions> subscriptions(const RoutedRequest& request) const;

  GatewayContext& context_;
  const Options options_;
  const std::shared_ptr<FeedServer> feeds_;
  const std::shared_ptr<MailLinks> links_;
};

}  // namespace sense::http

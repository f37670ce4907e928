// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/http/message.hpp"
#include "core/registry/subscriptions.hpp"

// The hub of WebSub, /websub, and its topics (docs/http-gateway.md, "WebSub"). Errors of the hub
// are text, as the specification has it. Reactor thread only.
namespace sense::http {

// How a request has come. A value of one call.
struct HubClient {
  std::shared_ptr<Subscriptions> subscriptions;  // as the client may change them
  std::string principal;                         // "": it has proved nothing
  std::string via;                               // the gateway's name
  bool confidential = false;                     // what it sends is seen by no network
};

// Subscribes or unsubscribes: 202 once the request is durable; the callback is asked afterwards.
void serve_hub(const HubClient& client, const Request& request, const Respond& respond);

// What a topic is, and the links to the hub and to itself, for subscribers that discover them.
// `scheme`: "http" or "https", which the client has used.
[[nodiscard]] Response topic_response(const Request& request, std::string_view scheme);

}  // namespace sense::http

// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/websub/hub.hpp"

#include <utility>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/http/problem.hpp"
#include "gateways/http/websub/hub_request.hpp"
#include "gateways/http/websub/subscriber.hpp"
#include "gateways/http/websub/topic.hpp"

namespace sense::http {

namespace {

using Kind = WebSub::Intent::Kind;

Response as_text(Response response, const Error& error) {
  response.content_type = "text/plain; charset=utf-8";
  response.body = error.message + "\n";
  return response;
}

Response refusal(const Error& error) { return as_text(problem(error), error); }

Response accepted() {
  return {202,
          "text/plain; charset=utf-8",
          "The request is kept, and the callback is asked whether it agrees.\n",
          {}};
}

// A client that has proved nothing owns by the callback's place: other clients that have proved
// nothing cannot act for it, and its budgets are those of that place.
std::string owner_of(const HubClient& client, const std::string& callback) {
  if (!client.principal.empty()) return client.principal;
  const auto uri = parse_uri(callback);
  return uri ? uri->scheme + "://" + uri->authority() : std::string();
}

std::string_view host_of(const Request& request) {
  const auto* host = request.header("host");
  return host == nullptr ? std::string_view() : *host;
}

bool is_form(const Request& request) {
  const auto* type = request.header("content-type");
  return type != nullptr && lower(trim(std::string_view(*type).substr(0, type->find(';')))) ==
                                "application/x-www-form-urlencoded";
}

Subscriptions::Request wanted_by(const HubRequest& request, const Topic& topic,
                                 const HubClient& client) {
  Subscriptions::Request wanted;
  wanted.owner = owner_of(client, request.callback);
  wanted.via = client.via;
  wanted.callback = request.callback;
  wanted.types = {topic.type};
  if (topic.source) wanted.sources = {*topic.source};
  wanted.period = request.period;
  wanted.secrets.edit().current = websub_secret(request.secret);
  wanted.websub.edit().topic = request.topic;
  return wanted;
}

void subscribe(const HubClient& client, Subscriptions::Request wanted, const Respond& respond) {
  const auto id = websub_id(wanted.owner, wanted.callback, wanted.websub->topic);
  WebSub::Intent again{Kind::subscribe, wanted.period, wanted.secrets->current};
  client.subscriptions->intend(
      id, std::move(again),
      [respond, subscriptions = client.subscriptions,
       wanted = std::move(wanted)](const Result<SubscriptionRef>& kept) mutable {
        if (kept) return respond(accepted());
        if (kept.error().code != Code::notfound) return respond(refusal(kept.error()));
        subscriptions->create(std::move(wanted), [respond](const Result<SubscriptionRef>& made) {
          respond(made ? accepted() : refusal(made.error()));
        });
      });
}

// What does not exist is answered alike: which callback has subscribed to what is no matter of
// whom it does not belong to.
void unsubscribe(const HubClient& client, const HubRequest& request, const Respond& respond) {
  const auto id = websub_id(owner_of(client, request.callback), request.callback, request.topic);
  client.subscriptions->intend(id, {Kind::unsubscribe, Duration{0}, ""},
                               [respond](const Result<SubscriptionRef>& kept) {
                                 if (kept || kept.error().code == Code::notfound)
                                   return respond(accepted());
                                 respond(refusal(kept.error()));
                               });
}

}  // namespace

void serve_hub(const HubClient& client, const Request& http, const Respond& respond) {
  if (!is_form(http)) {
    const Error wrong{Code::badparam,
                      "a hub takes the Content-Type application/x-www-form-urlencoded"};
    return respond(as_text(problem(415, wrong), wrong));
  }
  const auto request = parse_hub_request(http.body);
  if (!request) return respond(refusal(request.error()));
  const auto topic = parse_topic(request->topic, host_of(http));
  if (!topic) return respond(refusal(topic.error()));
  if (request->mode == HubRequest::Mode::unsubscribe) return unsubscribe(client, *request, respond);
  if (!request->secret.empty() && !client.confidential)
    return respond(refusal(Error{Code::badparam,
                                 "hub.secret would cross the network in the clear: send it over "
                                 "https, or subscribe without one"}));
  auto wanted = wanted_by(*request, *topic, client);
  if (!can_be_asked(wanted))
    return respond(refusal(Error{Code::varvaltoobig,
                                 "hub.callback and hub.topic are too long together: the callback "
                                 "is asked at a URL that has both, of at most 2048 octets"}));
  subscribe(client, std::move(wanted), respond);
}

Response topic_response(const Request& request, std::string_view scheme) {
  const auto question = std::min(request.target.find('?'), request.target.size());
  const auto query = std::string_view(request.target).substr(question);
  if (const auto topic = topic_of_query(query.empty() ? query : query.substr(1)); !topic)
    return problem(topic.error());
  const auto url = std::string(scheme) + "://" + std::string(host_of(request)) + request.target;
  const auto topic = parse_topic(url, host_of(request));
  if (!topic) return problem(topic.error());
  JsonObject document;
  document.put("topic", url).put("type", topic->type.text());
  if (topic->source) document.put("source", topic->source->text());
  document.put("content", "application/cloudevents+json");
  Response response;
  response.body = document.take() + "\n";
  response.headers.emplace_back("Link", topic_links(url));
  return response;
}

}  // namespace sense::http

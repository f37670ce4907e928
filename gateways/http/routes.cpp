// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/routes.hpp"

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/http/problem.hpp"
#include "core/http/query.hpp"
#include "core/sense/fetch_url.hpp"
#include "gateways/http/cloudevents/binding.hpp"
#include "gateways/http/management/delivery_routes.hpp"
#include "gateways/http/management/openapi.hpp"
#include "gateways/http/management/request_body.hpp"
#include "gateways/http/management/responses.hpp"
#include "gateways/http/management/secret_routes.hpp"
#include "gateways/http/management/subscription_routes.hpp"
#include "gateways/http/publish.hpp"
#include "gateways/http/websub/hub.hpp"

namespace sense::http {

namespace {

std::optional<std::uint64_t> fetched_sequence(std::string_view id, std::string_view query,
                                              std::string_view secret, WallTime now) {
  const auto sequence = parse_integer<std::uint64_t>(id);
  if (!sequence || !datagram::may_fetch(*sequence, query, secret, now)) return std::nullopt;
  return sequence;
}

}  // namespace

struct Routes::RoutedRequest {
  Request http;
  std::string id;  // of the path
  std::string query;
  ServedClient client;
};

struct Routes::Route {
  Operation is;
  void (Routes::*serve)(RoutedRequest&, Respond);
};

const std::vector<Routes::Route>& Routes::table() {
  static const std::vector<Route> routes = {
      {{"POST", "/v1/events", "Publishes an event, or a batch of them", "",
        "application/cloudevents+json,application/cloudevents-batch+json", 202},
       &Routes::publish},
      {{"GET", "/v1/events", "A stream of the events that the query selects",
        "type,source,filter,after", "", 200, "text/event-stream"},
       &Routes::select},
      {{"GET", "/v1/events/{}", "One event that the client may read, or that the URL permits",
        "expires,mac", "", 200, "application/octet-stream"},
       &Routes::fetch},
      {{"POST", "/v1/subscriptions", "Subscribes", "", "application/json", 201}, &Routes::create},
      {{"GET", "/v1/subscriptions", "The subscriptions of the client", "after,limit"},
       &Routes::list},
      {{"GET", "/v1/subscriptions/{}", "One subscription"}, &Routes::for_owner<get_subscription>},
      {{"PATCH", "/v1/subscriptions/{}", "Changes a subscription by a JSON merge patch", "",
        "application/merge-patch+json,application/json"},
       &Routes::for_owner<edit_subscription>},
      {{"DELETE", "/v1/subscriptions/{}", "Ends a subscription"},
       &Routes::for_owner<cancel_subscription>},
      {{"POST", "/v1/subscriptions/{}/pause", "Keeps matching events instead of delivering them"},
       &Routes::for_owner<pause_subscription>},
      {{"POST", "/v1/subscriptions/{}/resume", "Delivers what was kept"},
       &Routes::for_owner<resume_subscription>},
      {{"POST", "/v1/subscriptions/{}/test", "Sends a test event to this subscription alone", "",
        "", 202},
       &Routes::for_owner<test_subscription>},
      {{"POST", "/v1/subscriptions/{}/renew", "A new lease from now on", "", "application/json"},
       &Routes::for_owner<renew_subscription>},
      {{"GET", "/v1/subscriptions/{}/confirm", "A page with a button that confirms", "token", "",
        200, "text/html"},
       &Routes::link<&MailLinks::confirm_page>},
      {{"POST", "/v1/subscriptions/{}/confirm", "Confirms that the callback wants deliveries", "",
        "application/json,application/x-www-form-urlencoded"},
       &Routes::link<&MailLinks::confirm>},
      {{"GET", "/v1/subscriptions/{}/unsubscribe", "A page with a button that ends it", "token", "",
        200, "text/html"},
       &Routes::link<&MailLinks::unsubscribe_page>},
      {{"POST", "/v1/subscriptions/{}/unsubscribe", "Ends it for the reader of its mails", "token",
        "application/json,application/x-www-form-urlencoded,multipart/form-data"},
       &Routes::link<&MailLinks::unsubscribe>},
      {{"POST", "/v1/subscriptions/{}/rotate-secret", "A new secret for signatures", "",
        "application/json"},
       &Routes::for_owner<rotate_secret>},
      {{"GET", "/v1/subscriptions/{}/deliveries", "The last attempts at deliveries", "after,limit"},
       &Routes::for_owner<show_deliveries>},
      {{"GET", "/v1/subscriptions/{}/dead-letters", "The dead letters", "after,limit"},
       &Routes::for_owner<show_dead_letters>},
      {{"POST", "/v1/subscriptions/{}/dead-letters/redrive", "Delivers dead letters again", "",
        "application/json", 202},
       &Routes::for_owner<redrive_dead_letters>},
      {{"GET", "/v1/subscriptions/{}/events", "The next events of a subscription that is pulled",
        "after,wait,limit"},
       &Routes::feed<&FeedServer::page>},
      {{"GET", "/v1/subscriptions/{}/stream", "The same as Server-Sent Events", "after", "", 200,
        "text/event-stream"},
       &Routes::feed<&FeedServer::stream>},
      {{"POST", "/websub", "Subscribes or unsubscribes by WebSub", "",
        "application/x-www-form-urlencoded", 202, "text/plain"},
       &Routes::hub},
      {{"GET", "/websub/topics", "A topic of WebSub, and the link to its hub", "type,source"},
       &Routes::topic},
      {{"GET", "/v1/sources", "The sources of the events seen so far", "after,limit"},
       &Routes::sources},
      {{"GET", "/v1/types", "The types of the events seen so far", "after,limit"}, &Routes::types},
      {{"GET", "/v1/gateways", "The gateways, their schemes, and what each can do"},
       &Routes::gateways},
      {{"GET", "/v1/parameters", "The operational parameters of the service"}, &Routes::parameters},
      {{"GET", "/v1/health", "Whether the gateway serves"}, &Routes::health},
      {{"GET", "/openapi.json", "This document"}, &Routes::openapi},
  };
  return routes;
}

namespace {

bool matches_path(std::string_view pattern, std::string_view path, std::string_view& id) {
  const auto wanted = split(pattern, '/');
  const auto given = split(path, '/');
  if (wanted.size() != given.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "{}" && !given[i].empty())
      id = given[i];
    else if (wanted[i] != given[i])
      return false;
  }
  return true;
}

// To a list such as "GET, HEAD, POST".
void add_method(std::string& allowed, const std::string& method) {
  const auto known = split(allowed, ',');
  for (const auto each : known)
    if (trim(each) == method) return;
  allowed += (allowed.empty() ? "" : ", ") + method + (method == "GET" ? ", HEAD" : "");
}

// RFC 6750. Credentials of another kind, or none that are known, are not taken for none: the client
// would be served, but not as whom it says it is.
Result<std::optional<Proof>> token_of(const Request& request) {
  const auto count =
      std::count_if(request.headers.begin(), request.headers.end(),
                    [](const auto& header) { return header.first == "authorization"; });
  if (count == 0) return std::nullopt;
  if (count > 1) return fail(Code::noaccess, "Authorization: a request has one at most");
  const auto* given = request.header("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (lower(given->substr(0, scheme.size())) != scheme)
    return fail(Code::noaccess, "Authorization: only 'Bearer TOKEN' is understood here");
  return proof_of_token(trim(std::string_view(*given).substr(scheme.size())));
}

}  // namespace

Result<ServedClient> Routes::client_of(const Request& request) const {
  auto& clients = context_.clients;
  const auto peer = client_address(request, options_.proxies);
  const auto token = token_of(request);
  if (!token) return tl::unexpected(token.error());
  std::vector<Proof> proofs;
  if (*token) proofs.push_back(**token);
  if (!request.certificate.empty() && !is_of_proxy(request, options_.proxies))
    proofs.push_back({Proof::Kind::certificate, "sha256:" + request.certificate});
  auto client = clients.unproved(peer);
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    auto proved = clients.identify(proofs[i], peer);
    if (!proved) return proved;
    if (i > 0 && proved->principal != client.principal)
      return fail(Code::noaccess, "the token and the certificate are of different principals");
    client = std::move(*proved);
  }
  return client;
}

void Routes::handle(Request incoming, Respond respond) {
  const auto question = incoming.target.find('?');
  const std::string path = incoming.target.substr(0, question);
  auto client = client_of(incoming);
  if (!client) {
    auto& clients = context_.clients;
    clients.refused(clients.unproved(client_address(incoming, options_.proxies)),
                    incoming.method + " " + path, client.error());
    return respond(unproved_response(client.error()));
  }
  RoutedRequest request{std::move(incoming), "", "", std::move(*client)};
  if (question != std::string::npos) request.query = request.http.target.substr(question + 1);
  // RFC 9110 section 9.3.2: HEAD is a GET whose body the server leaves out.
  const std::string method = request.http.method == "HEAD" ? "GET" : request.http.method;
  std::string allowed;
  for (const auto& route : table()) {
    std::string_view id;
    if (path != "*" && !matches_path(route.is.path, path, id)) continue;
    if (route.is.method != method) {
      add_method(allowed, route.is.method);
      continue;
    }
    auto decoded = percent_decoded(id);
    if (!decoded) return respond(problem(decoded.error()));
    request.id = std::move(*decoded);
    return (this->*route.serve)(request, std::move(respond));
  }
  if (allowed.empty())
    return respond(
        problem(Error{Code::notfound, "there is nothing at " + printable(path.substr(0, 100))}));
  allowed += ", OPTIONS";
  respond(method == "OPTIONS" ? options_response(allowed) : wrong_method_response(allowed));
}

std::shared_ptr<Subscriptions> Routes::subscriptions(const RoutedRequest& request) const {
  return context_.clients.subscriptions(request.client);
}

void Routes::publish(RoutedRequest& request, Respond respond) {
  publish_events(context_.clients, request.client, request.http, context_.clock.now().wall,
                 std::move(respond));
}

bool Routes::permits(std::string_view method, std::string_view target) const {
  if (options_.links && is_mail_link(method, target)) return true;
  constexpr std::string_view events = "/v1/events/";
  const auto question = target.find('?');
  const bool reads = method == "GET" || method == "HEAD";
  if (!reads || !target.starts_with(events) || question == std::string_view::npos) return false;
  return fetched_sequence(target.substr(events.size(), question - events.size()),
                          target.substr(question + 1), options_.fetch_secret,
                          context_.clock.now().wall)
      .has_value();
}

// With a query the URL is the permission: the SENSE gateway sent it to a subscriber of the event.
// Without one the client's rights are.
void Routes::fetch(RoutedRequest& request, Respond respond) {
  if (!context_.event_at)
    return respond(problem(Error{Code::notfound, "events cannot be fetched here"}));
  const bool by_rights = request.query.empty();
  if (!by_rights && options_.fetch_secret.empty())
    return respond(problem(Error{Code::notfound, "no URL permits that here (fetch-key)"}));
  const auto sequence = by_rights
                            ? parse_integer<std::uint64_t>(request.id)
                            : fetched_sequence(request.id, request.query, options_.fetch_secret,
                                               context_.clock.now().wall);
  if (!sequence && by_rights)
    return respond(problem(
        Error{Code::badparam, "/v1/events/SEQUENCE: the sequence is a number", "sequence"}));
  if (!sequence) {
    const Error refusal{Code::noaccess, "this URL is not valid for any event, or has expired"};
    context_.clients.refused(request.client, "GET /v1/events", refusal);
    return respond(problem(refusal));
  }
  const auto* condition = request.http.header("if-none-match");
  context_.event_at(
      *sequence, by_rights ? request.client : ServedClient{},
      [respond = std::move(respond),
       known = condition != nullptr ? *condition : std::string()](const Result<EventRef>& found) {
        respond(found ? event_response(**found, known) : problem(found.error()));
      });
}

void Routes::create(RoutedRequest& request, Respond respond) {
  auto wanted = subscription_request(request.http.body);
  if (!wanted) return respond(problem(wanted.error()));
  if (auto good = ensure_secret(*wanted); !good) return respond(problem(good.error()));
  wanted->owner = request.client.principal;
  wanted->via = context_.name;
  subscriptions(request)->create(
      std::move(*wanted), [respond = std::move(respond)](const Result<SubscriptionRef>& made) {
        respond(made ? created_response(**made) : problem(made.error()));
      });
}

void Routes::list(RoutedRequest& request, Respond respond) {
  auto page = page_request(request.query);
  if (!page) return respond(problem(page.error()));
  subscriptions(request)->list(
      request.client.principal, page->after, page->limit,
      [respond = std::move(respond)](const Result<Subscriptions::Page>& found) {
        respond(found ? list_response(*found) : problem(found.error()));
      });
}

void Routes::if_owned(const RoutedRequest& request, const Respond& respond, Change change) {
  const auto all = subscriptions(request);
  all->get(request.id, [self = weak_from_this(), id = request.id, all, respond,
                        owner = request.client.principal,
                        change = std::move(change)](const Result<SubscriptionRef>& found) {
    const auto alive = self.lock();
    if (!alive) return;
    if (!found) return respond(alive->not_found(id, owner, found.error()));
    if ((*found)->owner != owner)
      return respond(problem(Error{Code::notfound, "there is no such subscription of yours"}));
    change(*all, *found);
  });
}

// Why it ended is said to its owner alone.
Response Routes::not_found(const std::string& id, const std::string& owner,
                           const Error& error) const {
  if (error.code != Code::notfound || !context_.ended) return problem(error);
  const auto ended = context_.ended(id);
  return ended && ended->owner == owner ? ended_response(id, *ended) : problem(error);
}

template <auto serve>
void Routes::for_owner(RoutedRequest& request, Respond respond) {
  if_owned(request, respond,
           [this, respond, query = std::move(request.query), http = std::move(request.http)](
               Subscriptions& all, const SubscriptionRef& found) {
             serve(context_, OwnedRequest{all, found, query, http}, respond);
           });
}

template <auto serve>
void Routes::link(RoutedRequest& request, Respond respond) {
  (links_.get()->*serve)({subscriptions(request), request.client, std::move(request.id),
                          std::move(request.query), std::move(request.http)},
                         respond);
}

// ---- events for clients that come and ask

template <auto serve>
void Routes::feed(RoutedRequest& request, Respond respond) {
  if_owned(request, respond,
           [feeds = feeds_, respond, query = std::move(request.query),
            http = std::move(request.http)](Subscriptions& all, const SubscriptionRef& found) {
             (feeds.get()->*serve)({all, found, query, http}, respond);
           });
}

void Routes::select(RoutedRequest& request, Respond respond) {
  feeds_->select(request.client, request.query, request.http, std::move(respond));
}

void Routes::sources(RoutedRequest& request, Respond respond) {
  auto page = page_request(request.query);
  if (!page) return respond(problem(page.error()));
  subscriptions(request)->sources(
      page->after, page->limit,
      [respond = std::move(respond)](const Result<Subscriptions::SourcePage>& found) {
        respond(found ? sources_response(*found) : problem(found.error()));
      });
}

void Routes::types(RoutedRequest& request, Respond respond) {
  auto page = page_request(request.query);
  if (!page) return respond(problem(page.error()));
  subscriptions(request)->types(
      page->after, page->limit,
      [respond = std::move(respond)](const Result<Subscriptions::TypePage>& found) {
        respond(found ? types_response(*found) : problem(found.error()));
      });
}

void Routes::gateways(RoutedRequest&, Respond respond) {
  if (!context_.gateways)
    return respond(problem(Error{Code::noserver, "this gateway does not know of the others"}));
  respond(gateways_response(context_.gateways()));
}

void Routes::hub(RoutedRequest& request, Respond respond) {
  const auto& http = request.http;
  const bool unproved = request.client.principal == ClientServices::anonymous;
  serve_hub({subscriptions(request), unproved ? "" : request.client.principal, context_.name,
             scheme_of(http, options_.tls, options_.proxies) == "https" ||
                 is_of_this_machine(http, options_.proxies)},
            http, respond);
}

void Routes::topic(RoutedRequest& request, Respond respond) {
  const auto& http = request.http;
  respond(topic_response(http, scheme_of(http, options_.tls, options_.proxies)));
}

void Routes::parameters(RoutedRequest&, Respond respond) {
  auto shown = context_.parameters();
  if (!options_.public_key.empty()) shown.emplace_back("webhook-public-key", options_.public_key);
  respond(parameters_response(shown));
}

void Routes::health(RoutedRequest&, Respond respond) {
  respond(health_response(context_.name, context_.clock.now().wall, context_.served.count()));
}

void Routes::openapi(RoutedRequest&, Respond respond) {
  static const auto document = [] {
    std::vector<Operation> all;
    for (const auto& route : table()) all.push_back(route.is);
    return openapi_document(all) + "\n";
  }();
  Response response;
  response.body = document;
  respond(std::move(response));
}

}  // namespace sense::http

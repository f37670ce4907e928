// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/routes.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/http/problem.hpp"
#include "core/sense/fetch_url.hpp"
#include "gateways/http/binding.hpp"
#include "gateways/http/request_body.hpp"

namespace sense::http {

namespace {

using Ordered = nlohmann::ordered_json;

Response json_response(unsigned status, const Ordered& body) {
  Response response;
  response.status = status;
  response.body = json_text(body) + "\n";
  return response;
}

Response subscription_response(unsigned status, const Subscription& subscription) {
  Response response;
  response.status = status;
  response.body = to_json(subscription, /*secrets=*/false) + "\n";
  response.headers.emplace_back("ETag", "\"" + std::to_string(subscription.revision) + "\"");
  return response;
}

// The member `unreadable` of a list, or nothing when every entry was readable.
std::string unreadable_of(const Subscriptions::Page& page) {
  if (page.unreadable.empty()) return {};
  auto list = Ordered::array();
  for (const auto& each : page.unreadable)
    list.push_back({{"id", each.id}, {"reason", each.reason}});
  return R"(,"unreadable":)" + json_text(list);
}

// The data was written by its producer: a browser must not show it as a page of this service.
Response event_response(const Event& event) {
  Response response;
  response.content_type = "application/octet-stream";
  for (auto& [name, value] : binary_headers(event)) {
    if (name == "Content-Type")
      response.content_type = value;
    else
      response.headers.emplace_back(name, std::move(value));
  }
  response.headers.emplace_back("Content-Disposition", "attachment");
  response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; sandbox");
  response.body = event.data;
  return response;
}

std::optional<std::uint64_t> fetched_sequence(std::string_view id, std::string_view query,
                                              std::string_view secret, WallTime now) {
  const auto sequence = parse_integer<std::uint64_t>(id);
  if (!sequence || !datagram::may_fetch(*sequence, query, secret, now)) return std::nullopt;
  return sequence;
}

// Responds with the subscription that an operation results in.
Subscriptions::Answer<SubscriptionRef> respond_with(Respond respond) {
  return [respond = std::move(respond)](const Result<SubscriptionRef>& result) {
    respond(result ? subscription_response(200, **result) : problem(result.error()));
  };
}

// Prometheus text format 0.0.4: letters, digits and underscores.
std::string metric_name(std::string_view counter) {
  std::string name = counter.starts_with("sense.") ? "" : "sense_";
  for (const char c : counter) name += is_alphanumeric(c) ? c : '_';
  return name + "_total";
}

}  // namespace

struct Routes::RoutedRequest {
  Request http;
  std::string id;  // of the path
  std::string query;
};

struct Routes::Route {
  const char* method;
  const char* path;  // {} stands for one segment, the id
  void (Routes::*serve)(RoutedRequest&, Respond);
};

const std::vector<Routes::Route>& Routes::table() {
  static const std::vector<Route> routes = {
      {"POST", "/v1/events", &Routes::publish},
      {"GET", "/v1/events/{}", &Routes::fetch},
      {"POST", "/v1/subscriptions", &Routes::create},
      {"GET", "/v1/subscriptions", &Routes::list},
      {"GET", "/v1/subscriptions/{}", &Routes::get},
      {"PATCH", "/v1/subscriptions/{}", &Routes::edit},
      {"DELETE", "/v1/subscriptions/{}", &Routes::cancel},
      {"POST", "/v1/subscriptions/{}/pause", &Routes::pause},
      {"POST", "/v1/subscriptions/{}/resume", &Routes::resume},
      {"POST", "/v1/subscriptions/{}/test", &Routes::test},
      {"POST", "/v1/subscriptions/{}/renew", &Routes::renew},
      {"POST", "/v1/subscriptions/{}/confirm", &Routes::confirm},
      {"GET", "/v1/sources", &Routes::sources},
      {"GET", "/v1/parameters", &Routes::parameters},
      {"GET", "/v1/health", &Routes::health},
      {"GET", "/metrics", &Routes::metrics},
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

Response wrong_method(const std::string& allowed) {
  auto response = problem(405, Error{Code::protoerror, "this path takes " + allowed + " only"});
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace

void Routes::handle(Request incoming, Respond respond) {
  const auto question = incoming.target.find('?');
  const std::string path = incoming.target.substr(0, question);
  RoutedRequest request{std::move(incoming), "", ""};
  if (question != std::string::npos) request.query = request.http.target.substr(question + 1);
  std::string allowed;
  for (const auto& route : table()) {
    std::string_view id;
    if (!matches_path(route.path, path, id)) continue;
    if (route.method != request.http.method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    auto decoded = percent_decoded(id);
    if (!decoded) return respond(problem(decoded.error()));
    request.id = std::move(*decoded);
    return (this->*route.serve)(request, std::move(respond));
  }
  if (!allowed.empty()) return respond(wrong_method(allowed));
  respond(problem(Error{Code::notfound, "there is nothing at " + printable(path.substr(0, 100))}));
}

void Routes::publish(RoutedRequest& request, Respond respond) {
  if (has_no_mode(request.http)) return respond(problem(415, event_of(request.http).error()));
  auto event = event_of(request.http);
  if (!event) return respond(problem(event.error()));
  if (event->id.empty()) event->id = make_ulid(context_.clock.now().wall);
  auto id = event->id;
  context_.publisher.publish(std::move(*event), [id = std::move(id), respond = std::move(respond)](
                                                    const Result<Receipt>& receipt) {
    if (!receipt) return respond(problem(receipt.error()));
    respond(json_response(
        202, {{"id", id}, {"sequence", receipt->sequence}, {"duplicate", receipt->duplicate}}));
  });
}

bool Routes::permits(std::string_view target) const {
  constexpr std::string_view events = "/v1/events/";
  const auto question = target.find('?');
  if (!target.starts_with(events) || question == std::string_view::npos) return false;
  return fetched_sequence(target.substr(events.size(), question - events.size()),
                          target.substr(question + 1), fetch_secret_, context_.clock.now().wall)
      .has_value();
}

// The URL is the permission: the SENSE gateway sent it to a subscriber of the event.
void Routes::fetch(RoutedRequest& request, Respond respond) {
  if (fetch_secret_.empty() || !context_.event_at)
    return respond(problem(Error{Code::notfound, "events cannot be fetched here (fetch-key)"}));
  const auto sequence =
      fetched_sequence(request.id, request.query, fetch_secret_, context_.clock.now().wall);
  if (!sequence)
    return respond(
        problem(Error{Code::noaccess, "this URL is not valid for any event, or has expired"}));
  context_.event_at(*sequence, [respond = std::move(respond)](const Result<EventRef>& found) {
    respond(found ? event_response(**found) : problem(found.error()));
  });
}

void Routes::create(RoutedRequest& request, Respond respond) {
  auto wanted = subscription_request(request.http.body);
  if (!wanted) return respond(problem(wanted.error()));
  wanted->owner = principal;
  wanted->via = context_.name;
  context_.subscriptions.create(std::move(*wanted), [respond = std::move(respond)](
                                                        const Result<SubscriptionRef>& made) {
    if (!made) return respond(problem(made.error()));
    auto response = subscription_response(201, **made);
    response.headers.emplace_back("Location", "/v1/subscriptions/" + encode_header((*made)->id));
    respond(std::move(response));
  });
}

void Routes::list(RoutedRequest& request, Respond respond) {
  auto page = page_request(request.query);
  if (!page) return respond(problem(page.error()));
  context_.subscriptions.list(
      std::string(principal), page->after, page->limit,
      [respond = std::move(respond)](const Result<Subscriptions::Page>& found) {
        if (!found) return respond(problem(found.error()));
        Response response;
        response.body = R"({"subscriptions":[)";
        for (const auto& subscription : found->subscriptions) {
          if (&subscription != &found->subscriptions.front()) response.body += ',';
          response.body += to_json(*subscription, /*secrets=*/false);
        }
        response.body +=
            "]" + unreadable_of(*found) + R"(,"more":)" + (found->more ? "true" : "false") + "}\n";
        respond(std::move(response));
      });
}

void Routes::if_owned(const std::string& id, const Respond& respond,
                      std::function<void(SubscriptionRef)> then) {
  context_.subscriptions.get(id, [self = weak_from_this(), respond,
                                  then = std::move(then)](const Result<SubscriptionRef>& found) {
    const auto alive = self.lock();
    if (!alive) return;
    if (!found) return respond(problem(found.error()));
    if ((*found)->owner != principal)
      return respond(problem(Error{Code::notfound, "there is no such subscription of yours"}));
    then(*found);
  });
}

void Routes::get(RoutedRequest& request, Respond respond) {
  if_owned(request.id, respond, [respond](const SubscriptionRef& found) {
    respond(subscription_response(200, *found));
  });
}

void Routes::renew(RoutedRequest& request, Respond respond) {
  auto period = period_request(request.http.body);
  if (!period) return respond(problem(period.error()));
  if_owned(request.id, respond, [this, respond, period = *period](const SubscriptionRef& found) {
    context_.subscriptions.renew(found->id, period, respond_with(respond));
  });
}

void Routes::edit(RoutedRequest& request, Respond respond) {
  const auto* if_match = request.http.header("if-match");
  auto wanted = edit_request(request.http.body, if_match);
  if (!wanted) return respond(problem(wanted.error()));
  const auto finish = [respond, conditional = if_match != nullptr](const auto& result) {
    if (!result && conditional && result.error().code == Code::badcontext)
      return respond(problem(412, result.error()));
    respond_with(respond)(result);
  };
  if_owned(request.id, respond, [this, wanted = *wanted, finish](const SubscriptionRef& found) {
    context_.subscriptions.edit(found->id, wanted.revision, wanted.patch, finish);
  });
}

void Routes::pause(RoutedRequest& request, Respond respond) {
  if_owned(request.id, respond, [this, respond](const SubscriptionRef& found) {
    context_.subscriptions.pause(found->id, respond_with(respond));
  });
}

void Routes::resume(RoutedRequest& request, Respond respond) {
  if_owned(request.id, respond, [this, respond](const SubscriptionRef& found) {
    context_.subscriptions.resume(found->id, respond_with(respond));
  });
}

void Routes::test(RoutedRequest& request, Respond respond) {
  if_owned(request.id, respond, [this, respond](const SubscriptionRef& found) {
    context_.subscriptions.test(found->id, std::string(principal),
                                [respond](const Result<Receipt>& receipt) {
                                  if (!receipt) return respond(problem(receipt.error()));
                                  respond(json_response(202, {{"sequence", receipt->sequence}}));
                                });
  });
}

// Possession of the token proves control of the callback; no other permission is required.
void Routes::confirm(RoutedRequest& request, Respond respond) {
  auto token = token_request(request.http.body);
  if (!token) return respond(problem(token.error()));
  context_.subscriptions.confirm(request.id, std::move(*token), respond_with(std::move(respond)));
}

void Routes::cancel(RoutedRequest& request, Respond respond) {
  if_owned(request.id, respond, [this, respond](const SubscriptionRef& found) {
    context_.subscriptions.cancel(found->id, "cancelled", respond_with(respond));
  });
}

void Routes::sources(RoutedRequest& request, Respond respond) {
  auto page = page_request(request.query);
  if (!page) return respond(problem(page.error()));
  context_.subscriptions.sources(
      page->after, page->limit,
      [respond = std::move(respond)](const Result<Subscriptions::SourcePage>& found) {
        if (!found) return respond(problem(found.error()));
        respond(json_response(200, {{"sources", found->sources}, {"more", found->more}}));
      });
}

void Routes::parameters(RoutedRequest&, Respond respond) {
  auto body = Ordered::object();
  for (const auto& [name, value] : context_.parameters())
    if (name != "fetch-key") body[name] = value;  // the path of a secret stays private
  respond(json_response(200, body));
}

void Routes::health(RoutedRequest&, Respond respond) {
  respond(json_response(200, {{"status", "ok"},
                              {"gateway", context_.name},
                              {"time", to_rfc3339(context_.clock.now().wall)},
                              {"subscriptions", context_.served.count()}}));
}

void Routes::metrics(RoutedRequest&, Respond respond) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  for (const auto& [counter, value] : context_.counters.snapshot()) {
    const auto name = metric_name(counter);
    response.body += "# TYPE " + name + " counter\n" + name + " " + std::to_string(value) + "\n";
  }
  respond(std::move(response));
}

}  // namespace sense::http

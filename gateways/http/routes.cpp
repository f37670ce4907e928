// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/routes.hpp"

#include <charconv>
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

Answer answer_json(unsigned status, const Ordered& body) {
  Answer answer;
  answer.status = status;
  answer.body = json_text(body) + "\n";
  return answer;
}

Answer answer_subscription(unsigned status, const Subscription& subscription) {
  Answer answer;
  answer.status = status;
  answer.body = to_json(subscription, /*secrets=*/false) + "\n";
  answer.headers.emplace_back("ETag", "\"" + std::to_string(subscription.revision) + "\"");
  return answer;
}

// A member of a list, when there is any.
std::string unreadable_of(const Subscriptions::Page& page) {
  if (page.unreadable.empty()) return {};
  auto list = Ordered::array();
  for (const auto& each : page.unreadable)
    list.push_back({{"id", each.id}, {"reason", each.reason}});
  return R"(,"unreadable":)" + json_text(list);
}

// What stands in an event is its producer's: a browser is to show none of it as a page of ours.
Answer answer_event(const Event& event) {
  Answer answer;
  answer.content_type = "application/octet-stream";
  for (auto& [name, value] : binary_headers(event)) {
    if (name == "Content-Type")
      answer.content_type = value;
    else
      answer.headers.emplace_back(name, std::move(value));
  }
  answer.headers.emplace_back("Content-Disposition", "attachment");
  answer.headers.emplace_back("Content-Security-Policy", "default-src 'none'; sandbox");
  answer.body = event.data;
  return answer;
}

std::optional<std::uint64_t> fetched_sequence(std::string_view id, std::string_view query,
                                              std::string_view secret, WallTime now) {
  std::uint64_t sequence = 0;
  const auto* const last = id.data() + id.size();
  const auto [end, wrong] = std::from_chars(id.data(), last, sequence);
  if (wrong != std::errc{} || end != last || !datagram::may_fetch(sequence, query, secret, now))
    return std::nullopt;
  return sequence;
}

Answer refuse_subscription(const Error& error) { return problem(error, field_of(error)); }

// The answer to whatever asked for one subscription.
Subscriptions::Answer<SubscriptionRef> answering(Answered done) {
  return [done = std::move(done)](const Result<SubscriptionRef>& result) {
    done(result ? answer_subscription(200, **result) : refuse_subscription(result.error()));
  };
}

// Prometheus text format 0.0.4: letters, digits and underscores.
std::string metric_name(std::string_view counter) {
  std::string name = counter.starts_with("sense.") ? "" : "sense_";
  for (const char c : counter) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += plain ? c : '_';
  }
  return name + "_total";
}

}  // namespace

struct Routes::Request {
  Call call;
  std::string id;  // of the path
  std::string query;
};

struct Routes::Route {
  const char* method;
  const char* path;  // {} stands for one segment, the id
  void (Routes::*serve)(Request&, Answered);
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

Answer wrong_method(const std::string& allowed) {
  auto answer = problem(405, Error{Code::protoerror, "this path takes " + allowed + " only"});
  answer.headers.emplace_back("Allow", allowed);
  return answer;
}

}  // namespace

void Routes::handle(Call call, Answered done) {
  const auto question = call.target.find('?');
  const std::string path = call.target.substr(0, question);
  Request request{std::move(call), "", ""};
  if (question != std::string::npos) request.query = request.call.target.substr(question + 1);
  std::string allowed;
  for (const auto& route : table()) {
    std::string_view id;
    if (!matches_path(route.path, path, id)) continue;
    if (route.method != request.call.method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    auto decoded = percent_decoded(id);
    if (!decoded) return done(problem(decoded.error()));
    request.id = std::move(*decoded);
    return (this->*route.serve)(request, std::move(done));
  }
  if (!allowed.empty()) return done(wrong_method(allowed));
  done(problem(Error{Code::notfound, "there is nothing at " + printable(path.substr(0, 100))}));
}

void Routes::publish(Request& request, Answered done) {
  if (has_no_mode(request.call)) return done(problem(415, event_of(request.call).error()));
  auto event = event_of(request.call);
  if (!event) return done(problem(event.error()));
  if (event->id.empty()) event->id = make_ulid(context_.clock.now().wall);
  auto id = event->id;
  context_.publisher.publish(std::move(*event), [id = std::move(id), done = std::move(done)](
                                                    const Result<Receipt>& receipt) {
    if (!receipt) return done(problem(receipt.error()));
    done(answer_json(
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

// The URL is the permission: the SENSE gateway gave it to a subscriber that the event is for.
void Routes::fetch(Request& request, Answered done) {
  if (fetch_secret_.empty() || !context_.event_at)
    return done(problem(Error{Code::notfound, "events cannot be fetched here (fetch-key)"}));
  const auto sequence =
      fetched_sequence(request.id, request.query, fetch_secret_, context_.clock.now().wall);
  if (!sequence)
    return done(
        problem(Error{Code::noaccess, "this URL is not good for any event, or not any more"}));
  context_.event_at(*sequence, [done = std::move(done)](const Result<EventRef>& found) {
    done(found ? answer_event(**found) : problem(found.error()));
  });
}

void Routes::create(Request& request, Answered done) {
  auto wanted = subscription_request(request.call.body);
  if (!wanted) return done(refuse_subscription(wanted.error()));
  wanted->owner = principal;
  wanted->via = context_.name;
  context_.subscriptions.create(
      std::move(*wanted), [done = std::move(done)](const Result<SubscriptionRef>& made) {
        if (!made) return done(refuse_subscription(made.error()));
        auto answer = answer_subscription(201, **made);
        answer.headers.emplace_back("Location", "/v1/subscriptions/" + encode_header((*made)->id));
        done(std::move(answer));
      });
}

void Routes::list(Request& request, Answered done) {
  auto page = page_request(request.query);
  if (!page) return done(problem(page.error()));
  context_.subscriptions.list(std::string(principal), page->after, page->limit,
                              [done = std::move(done)](const Result<Subscriptions::Page>& found) {
                                if (!found) return done(problem(found.error()));
                                Answer answer;
                                answer.body = R"({"subscriptions":[)";
                                for (const auto& subscription : found->subscriptions) {
                                  if (&subscription != &found->subscriptions.front())
                                    answer.body += ',';
                                  answer.body += to_json(*subscription, /*secrets=*/false);
                                }
                                answer.body += "]" + unreadable_of(*found) + R"(,"more":)" +
                                               (found->more ? "true" : "false") + "}\n";
                                done(std::move(answer));
                              });
}

void Routes::if_owned(const std::string& id, const Answered& done,
                      std::function<void(SubscriptionRef)> then) {
  context_.subscriptions.get(id, [self = weak_from_this(), done,
                                  then = std::move(then)](const Result<SubscriptionRef>& found) {
    const auto alive = self.lock();
    if (!alive) return;
    if (!found) return done(problem(found.error()));
    if ((*found)->owner != principal)
      return done(problem(Error{Code::notfound, "there is no such subscription of yours"}));
    then(*found);
  });
}

void Routes::get(Request& request, Answered done) {
  if_owned(request.id, done,
           [done](const SubscriptionRef& found) { done(answer_subscription(200, *found)); });
}

void Routes::renew(Request& request, Answered done) {
  auto period = period_request(request.call.body);
  if (!period) return done(problem(period.error()));
  if_owned(request.id, done, [this, done, period = *period](const SubscriptionRef& found) {
    context_.subscriptions.renew(found->id, period, answering(done));
  });
}

void Routes::edit(Request& request, Answered done) {
  const auto* if_match = request.call.header("if-match");
  auto wanted = edit_request(request.call.body, if_match);
  if (!wanted) return done(refuse_subscription(wanted.error()));
  const auto answer = [done, conditional = if_match != nullptr](const auto& result) {
    if (!result && conditional && result.error().code == Code::badcontext)
      return done(problem(412, result.error()));
    answering(done)(result);
  };
  if_owned(request.id, done, [this, wanted = *wanted, answer](const SubscriptionRef& found) {
    context_.subscriptions.edit(found->id, wanted.revision, wanted.patch, answer);
  });
}

void Routes::pause(Request& request, Answered done) {
  if_owned(request.id, done, [this, done](const SubscriptionRef& found) {
    context_.subscriptions.pause(found->id, answering(done));
  });
}

void Routes::resume(Request& request, Answered done) {
  if_owned(request.id, done, [this, done](const SubscriptionRef& found) {
    context_.subscriptions.resume(found->id, answering(done));
  });
}

void Routes::test(Request& request, Answered done) {
  if_owned(request.id, done, [this, done](const SubscriptionRef& found) {
    context_.subscriptions.test(found->id, std::string(principal),
                                [done](const Result<Receipt>& receipt) {
                                  if (!receipt) return done(problem(receipt.error()));
                                  done(answer_json(202, {{"sequence", receipt->sequence}}));
                                });
  });
}

// Whoever has the token is at the callback; no more is asked of him.
void Routes::confirm(Request& request, Answered done) {
  auto token = token_request(request.call.body);
  if (!token) return done(problem(token.error()));
  context_.subscriptions.confirm(request.id, std::move(*token), answering(std::move(done)));
}

void Routes::cancel(Request& request, Answered done) {
  if_owned(request.id, done, [this, done](const SubscriptionRef& found) {
    context_.subscriptions.cancel(found->id, "cancelled", answering(done));
  });
}

void Routes::sources(Request& request, Answered done) {
  auto page = page_request(request.query);
  if (!page) return done(problem(page.error()));
  context_.subscriptions.sources(
      page->after, page->limit,
      [done = std::move(done)](const Result<Subscriptions::SourcePage>& found) {
        if (!found) return done(problem(found.error()));
        done(answer_json(200, {{"sources", found->sources}, {"more", found->more}}));
      });
}

void Routes::parameters(Request&, Answered done) {
  auto body = Ordered::object();
  for (const auto& [name, value] : context_.parameters())
    if (name != "fetch-key") body[name] = value;  // where a secret lies is nobody's business
  done(answer_json(200, body));
}

void Routes::health(Request&, Answered done) {
  done(answer_json(200, {{"status", "ok"},
                         {"gateway", context_.name},
                         {"time", to_rfc3339(context_.clock.now().wall)},
                         {"subscriptions", context_.served.count()}}));
}

void Routes::metrics(Request&, Answered done) {
  Answer answer;
  answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  for (const auto& [counter, value] : context_.counters.snapshot()) {
    const auto name = metric_name(counter);
    answer.body += "# TYPE " + name + " counter\n" + name + " " + std::to_string(value) + "\n";
  }
  done(std::move(answer));
}

}  // namespace sense::http

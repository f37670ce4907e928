// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/management/responses.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/http/problem.hpp"
#include "core/subscription/delivery_latency.hpp"
#include "gateways/http/cloudevents/binding.hpp"

namespace sense::http {

namespace {

using Ordered = nlohmann::ordered_json;

// Prometheus text format 0.0.4: letters, digits and underscores.
// The member `unreadable` of a list, or nothing when every entry was readable.
std::string unreadable_of(const Subscriptions::Page& page) {
  if (page.unreadable.empty()) return {};
  auto list = Ordered::array();
  for (const auto& each : page.unreadable)
    list.push_back({{"id", each.id}, {"reason", each.reason}});
  return R"(,"unreadable":)" + json_text(list);
}

Response json_response(unsigned status, const Ordered& body) {
  Response response;
  response.status = status;
  response.body = json_text(body) + "\n";
  return response;
}

}  // namespace

Response published_response(const std::string& id, const Receipt& receipt) {
  return json_response(
      202, {{"id", id}, {"sequence", receipt.sequence}, {"duplicate", receipt.duplicate}});
}

Response batch_response(const std::vector<PublishedEvent>& results) {
  bool all = true;
  auto list = Ordered::array();
  for (const auto& [id, receipt] : results) {
    auto result = receipt ? Ordered{{"id", id},
                                    {"sequence", receipt->sequence},
                                    {"duplicate", receipt->duplicate}}
                          : Ordered::parse(problem(receipt.error()).body);
    if (!receipt && !id.empty()) result["id"] = id;
    all = all && receipt;
    list.push_back(std::move(result));
  }
  return json_response(all ? 202 : 207, {{"results", std::move(list)}});
}

Response tested_response(const Receipt& receipt) {
  return json_response(202, {{"sequence", receipt.sequence}});
}

// The data was written by its producer: a browser must not show it as a page of this service.
Response event_response(const Event& event, std::string_view if_none_match) {
  Response response;
  // An event never changes.
  const auto tag = "\"" + std::to_string(event.sequence) + "\"";
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Cache-Control", "private, max-age=86400, immutable");
  if (if_none_match.find(tag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
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

Response subscription_response(const Subscription& subscription) {
  Response response;
  response.body = to_shown_json(subscription) + "\n";
  response.headers.emplace_back("ETag", "\"" + std::to_string(subscription.revision) + "\"");
  return response;
}

Response measured_response(const Subscription& subscription, const Lateness& lateness) {
  auto response = subscription_response(subscription);
  if (lateness.count == 0) return response;
  JsonObject json;
  json.put("count", lateness.count).put("mean", to_text(lateness.mean));
  json.put("p99", to_text(lateness.p99)).put("max", to_text(lateness.max));
  if (subscription.delivery.sparse->max_latency) json.put("over", lateness.over);
  response.body.resize(response.body.size() - 2);  // the brace and the line's end
  response.body += R"(,"lateness":)" + json.take() + "}\n";
  return response;
}

Response list_response(const Subscriptions::Page& page) {
  Response response;
  response.body = R"({"subscriptions":[)";
  for (const auto& subscription : page.subscriptions) {
    if (&subscription != &page.subscriptions.front()) response.body += ',';
    response.body += to_shown_json(*subscription);
  }
  response.body +=
      "]" + unreadable_of(page) + R"(,"more":)" + (page.more ? "true" : "false") + "}\n";
  return response;
}

Response ended_response(std::string_view id, const EndedSubscription& ended) {
  return problem(Error{Code::notfound, "subscription " + printable(id) + " ended at " +
                                           to_rfc3339(ended.at) + ": " + printable(ended.reason)});
}

Response sources_response(const Subscriptions::SourcePage& page) {
  return json_response(200, {{"sources", page.sources}, {"more", page.more}});
}

Response types_response(const Subscriptions::TypePage& page) {
  std::string all = "[";
  for (const auto& [type, about] : page.types) {
    const auto parsed = JsonDocument::parse(about);
    if (!parsed || !parsed->root().is_object()) continue;
    JsonObject json;
    json.put("type", type);
    for (const auto* member : {"count", "last", "attributes"})
      if (const auto value = parsed->root().find(member); value.exists())
        json.put_raw(member, value.dump());
    all.append(all.size() == 1 ? "" : ",").append(json.take());
  }
  Response response;
  response.body = JsonObject().put_raw("types", all + "]").put("more", page.more).take() + "\n";
  return response;
}

// Without where they listen: that is for those who may see the registry.
Response gateways_response(const std::vector<AnnouncedGateway>& gateways) {
  std::string all = "[";
  for (const auto& gateway : gateways) {
    JsonObject json;
    json.put("name", gateway.name);
    put_schemes(json, gateway.schemes);
    all.append(all.size() == 1 ? "" : ",").append(json.take());
  }
  Response response;
  response.body = JsonObject().put_raw("gateways", all + "]").take() + "\n";
  return response;
}

Response parameters_response(const std::vector<std::pair<std::string, std::string>>& parameters) {
  auto body = Ordered::object();
  for (const auto& [name, value] : parameters) body[name] = value;
  return json_response(200, body);
}

Response health_response(const std::string& gateway, WallTime now, std::size_t subscriptions) {
  return json_response(200, {{"status", "ok"},
                             {"gateway", gateway},
                             {"time", to_rfc3339(now)},
                             {"subscriptions", subscriptions}});
}

Response unproved_response(const Error& error) {
  if (error.code != Code::noaccess) return problem(error);
  auto response = problem(401, error);
  response.headers.emplace_back("WWW-Authenticate",
                                R"(Bearer realm="sense", error="invalid_token")");
  return response;
}

Response options_response(const std::string& allowed) {
  return {204, "", "", {{"Allow", allowed}}};
}

Response wrong_method_response(const std::string& allowed) {
  auto response = problem(405, Error{Code::protoerror, "this path takes " + allowed + " only"});
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace sense::http

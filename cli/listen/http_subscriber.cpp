// SPDX-License-Identifier: Apache-2.0
#include "cli/listen/http_subscriber.hpp"

#include <optional>
#include <utility>

#include "cli/base/output.hpp"
#include "core/base/json.hpp"

namespace sense::cli {

namespace {

constexpr Duration ask_again_after = std::chrono::milliseconds{500};
constexpr Duration end_deadline = std::chrono::seconds{2};
constexpr const char* collection = "/v1/subscriptions";

std::string text_in(const std::optional<JsonDocument>& json, const char* member) {
  return json ? json->root().find(member).text().value_or("") : "";
}

// The gateway's own sentence (RFC 9457), else the status.
std::string reason_in(const HttpReply& reply) {
  if (reply.status == 0) return reply.why;
  const auto json = JsonDocument::parse(reply.body);
  const auto status = "HTTP status " + std::to_string(reply.status);
  const auto detail = text_in(json, "detail");
  const auto sentence = detail.empty() ? text_in(json, "title") : detail;
  return sentence.empty() ? status : sentence + " (" + status + ")";
}

bool good(const HttpReply& reply) { return reply.status / 100 == 2; }
// Unreachable or unavailable for the moment: worth another try.
bool temporary(const HttpReply& reply) {
  return reply.status == 0 || reply.status == 429 || reply.status / 100 == 5;
}

}  // namespace

HttpSubscriber::HttpSubscriber(Loop& loop, Uri gateway, const ListenOptions& options,
                               std::string callback, std::function<void(std::string)> refused)
    : loop_(loop),
      gateway_(std::move(gateway)),
      options_(options),
      callback_(std::move(callback)),
      refused_(std::move(refused)) {}

std::string HttpSubscriber::request_body() const {
  JsonObject body;
  body.put("callback", callback_).put("period", options_.period);
  if (!options_.types.empty()) body.put_raw("types", json_array_of_texts(options_.types));
  if (!options_.sources.empty()) body.put_raw("sources", json_array_of_texts(options_.sources));
  return body.take();
}

void HttpSubscriber::create() {
  ask_http(loop_.io(), gateway_, "POST", collection, request_body(),
           [this](const HttpReply& reply) { on_created(reply); });
}

void HttpSubscriber::on_created(const HttpReply& reply) {
  if (good(reply)) return accept(reply.body);
  if (!temporary(reply))
    return refused_(options_.subscribe + " refuses the subscription: " + reason_in(reply));
  if (!std::exchange(said_waiting_, true))
    say("waiting for the gateway at " + options_.subscribe + ": " + reason_in(reply));
  loop_.later(ask_again_after, [this] { create(); });
}

void HttpSubscriber::accept(const std::string& body) {
  const auto json = JsonDocument::parse(body);
  id_ = text_in(json, "id");
  if (id_.empty())
    return refused_("the answer of " + options_.subscribe + " names no subscription");
  const auto granted = parse_duration(text_in(json, "period"));
  granted_ = granted ? *granted : *parse_duration(options_.period);
  say("subscribed as " + id_ + " for " + to_text(granted_) + ", called back at " + callback_);
  // The loop began to end while the request was open: nothing will listen.
  if (loop_.finishing()) return end([] {});
  loop_.later(granted_ / 2, [this] { renew(); });
}

void HttpSubscriber::renew() {
  ask_http(loop_.io(), gateway_, "POST", std::string(collection) + "/" + id_ + "/renew",
           JsonObject().put("period", options_.period).take(),
           [this](const HttpReply& reply) { on_renewed(reply); });
}

void HttpSubscriber::on_renewed(const HttpReply& reply) {
  if (loop_.finishing()) return;
  const bool ended = reply.status == 404 || reply.status == 410;
  if (!good(reply)) say("the subscription was not renewed: " + reason_in(reply));
  if (ended) return create();
  loop_.later(good(reply) ? granted_ / 2 : ask_again_after, [this] { renew(); });
}

void HttpSubscriber::end(const std::function<void()>& done) {
  if (id_.empty()) return done();
  loop_.later(end_deadline, done);
  ask_http(loop_.io(), gateway_, "DELETE", std::string(collection) + "/" + id_, {},
           [done](const HttpReply&) { done(); });
}

}  // namespace sense::cli

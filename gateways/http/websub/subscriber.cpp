// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/websub/subscriber.hpp"

#include <utility>

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/http/callbacks/callback.hpp"
#include "gateways/http/websub/topic.hpp"

namespace sense::http {

namespace {

using Kind = WebSub::Intent::Kind;

bool stands_for_itself(char c) {
  return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// A GET of the callback, with what it has for a query of its own.
HttpRequest get_callback(const Subscription& subscription,
                         std::initializer_list<std::pair<const char*, std::string>> query) {
  HttpRequest request;
  request.method = HttpRequest::Method::get;
  request.url = subscription.callback;
  char separator = request.url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : query) {
    request.url += separator + std::string(name) + "=" + percent_encode(value, stands_for_itself);
    separator = '&';
  }
  return request;
}

Verification not_agreed(std::string why) {
  return {Verification::Outcome::refused, std::move(why)};
}
Verification not_asked(std::string why) { return {Verification::Outcome::failed, std::move(why)}; }

}  // namespace

HttpRequest intent_request(const Subscription& subscription, const std::string& challenge) {
  const auto& websub = *subscription.websub;
  HttpRequest request;
  if (websub.intent.kind == Kind::unsubscribe) {
    request = get_callback(
        subscription,
        {{"hub.mode", "unsubscribe"}, {"hub.topic", websub.topic}, {"hub.challenge", challenge}});
  } else {
    const auto period =
        websub.intent.kind == Kind::subscribe ? websub.intent.period : subscription.period;
    request = get_callback(
        subscription, {{"hub.mode", "subscribe"},
                       {"hub.topic", websub.topic},
                       {"hub.challenge", challenge},
                       {"hub.lease_seconds", std::to_string(period / std::chrono::seconds{1})}});
  }
  request.body_decides = true;
  return request;
}

bool can_be_asked(const Subscription& subscription) {
  constexpr std::size_t challenge_length_max = 64;
  const auto request = intent_request(subscription, std::string(challenge_length_max, 'x'));
  return request.url.size() <= Uri::length_max;
}

Verification after_intent(const Result<TransferReply>& reply, const std::string& challenge) {
  if (!reply) {
    // An address that is forbidden or invalid stays so; any other failure may be temporary.
    const auto code = reply.error().code;
    const bool forbidden = code == Code::noaccess || code == Code::badparam;
    return forbidden ? not_agreed(reply.error().message) : not_asked(reply.error().message);
  }
  const auto status = reply->status;
  const auto shown = "the callback answered HTTP " + std::to_string(status) + " to hub.challenge";
  if (status >= 500 || status == 408 || status == 429) return not_asked(shown);
  if (status < 200 || status > 299) return not_agreed(shown);
  if (!equal_secret(reply->body, challenge))
    return not_agreed(shown + ", but not with its value alone");
  return {Verification::Outcome::verified, "hub.challenge echoed"};
}

HttpRequest content_request(const Delivery& delivery, const Signing& signing) {
  // Structured mode: what is signed is the whole event.
  auto request = request_in_edition(delivery, structured_edition, signing);
  request.headers.emplace_back("Link", topic_links(delivery.subscription->websub->topic));
  const auto key = websub_key(delivery.subscription->secrets->current);
  if (key && !key->empty())
    request.headers.emplace_back("X-Hub-Signature",
                                 "sha256=" + to_hex(hmac_sha256(*key, request.body)));
  return request;
}

HttpRequest denial_request(const Delivery& ended) {
  const auto request_for = [&](const std::string& reason) {
    return get_callback(*ended.subscription, {{"hub.mode", "denied"},
                                              {"hub.topic", ended.subscription->websub->topic},
                                              {"hub.reason", reason}});
  };
  auto reason = "the subscription has ended: " + printable(ended.reason);
  auto request = request_for(reason);
  for (; request.url.size() > Uri::length_max && !reason.empty(); request = request_for(reason))
    reason.resize(reason.size() / 2);
  return request;
}

bool is_end_of_lease(const Delivery& delivery) {
  return delivery.kind == Delivery::Kind::ended && delivery.reason == "expired";
}

}  // namespace sense::http

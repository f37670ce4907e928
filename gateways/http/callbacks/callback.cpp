// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/callbacks/callback.hpp"

#include <algorithm>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/egress/http_date.hpp"
#include "core/event/cloudevents_json.hpp"
#include "gateways/http/cloudevents/binding.hpp"

namespace sense::http {

namespace {

constexpr std::size_t body_shown_max = 1024;

std::string number_of(const Delivery& delivery, std::string_view edition) {
  auto number = std::to_string(delivery.number);
  // A digest's event says itself which numbers it has.
  const bool batch = delivery.kind == Delivery::Kind::digest && edition == batch_edition;
  const bool several = batch || delivery.kind == Delivery::Kind::gap;
  if (several && delivery.number_last != delivery.number)
    number += "-" + std::to_string(delivery.number_last);
  return number;
}

void append_numbered(std::string& array, const Event& event, const std::string& number) {
  if (array.size() > 1) array += ',';
  if (event.extensions.contains(number_attribute)) {
    auto without = event;
    without.extensions.erase(without.extensions.find(number_attribute));
    return append_numbered(array, without, number);
  }
  array += to_cloudevents_json(event);
  if (number == "0") return;
  array.pop_back();
  array.append(",\"").append(number_attribute).append("\":").append(json_string(number)) += '}';
}

std::string batch_of(const Delivery& delivery) {
  std::string array = "[";
  for (const auto& content : delivery.contents)
    append_numbered(array, *content.event, std::to_string(content.number));
  if (delivery.contents.empty())
    append_numbered(array, *delivery.event, number_of(delivery, batch_edition));
  return array + "]";
}

std::string shown(const TransferReply& reply) {
  auto text = "HTTP " + std::to_string(reply.status);
  if (!reply.body.empty())
    text += ": " + printable(std::string_view(reply.body).substr(0, body_shown_max));
  return text;
}

Attempt outcome_of_status(const TransferReply& reply, WallTime now) {
  const auto status = reply.status;
  if (status >= 200 && status < 300) return Attempt::delivered("HTTP " + std::to_string(status));
  if (status >= 300 && status < 400)
    return Attempt::rejected("HTTP " + std::to_string(status) +
                             ": redirects are never followed; subscribe with the address that it "
                             "leads to");
  if (status == 410) return Attempt::gone(shown(reply));
  if (status == 429 || status == 503) {
    const auto* after = reply.header("retry-after");
    return Attempt::retry(shown(reply), after ? parse_retry_after(*after, now) : std::nullopt);
  }
  const bool temporary = status == 408 || status >= 500 || status < 200;
  return temporary ? Attempt::retry(shown(reply)) : Attempt::rejected(shown(reply));
}

}  // namespace

HttpRequest callback_request(const Delivery& delivery, const Signing& signing) {
  return request_in_edition(delivery, delivery.subscription->edition, signing);
}

HttpRequest request_in_edition(const Delivery& delivery, std::string_view edition,
                               const Signing& signing) {
  HttpRequest request;
  request.url = delivery.subscription->callback;
  if (edition == batch_edition) {
    request.headers.emplace_back("Content-Type", std::string(batch_edition) + "; charset=utf-8");
    request.body = batch_of(delivery);
  } else if (edition == structured_edition) {
    request.headers.emplace_back("Content-Type", "application/cloudevents+json; charset=utf-8");
    request.body = to_cloudevents_json(*delivery.event);
  } else {
    request.headers = binary_headers(*delivery.event);
    request.body = delivery.event->data;
  }
  for (auto& header : webhook_headers(webhook_id(delivery.event->id), request.body,
                                      *delivery.subscription->secrets, signing))
    request.headers.push_back(std::move(header));
  request.headers.emplace_back("sense-subscription", encode_header(delivery.subscription->id));
  if (delivery.number != 0)
    request.headers.emplace_back("sense-number", number_of(delivery, edition));
  request.headers.emplace_back("sense-attempt", std::to_string(delivery.attempt));
  request.headers.emplace_back("sense-sent", to_rfc3339(signing.now));
  return request;
}

Attempt outcome_of(const Result<TransferReply>& reply, WallTime now) {
  if (reply) {
    auto attempt = outcome_of_status(*reply, now);
    attempt.status = reply->status;
    return attempt;
  }
  // A forbidden address may be an error of the policy, or a temporary wrong answer of a name
  // server: the event is kept until that is corrected.
  if (reply.error().code == Code::badparam) return Attempt::rejected(reply.error().message);
  return Attempt::retry(reply.error().message);
}

}  // namespace sense::http

// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/management/secret_routes.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/http/problem.hpp"
#include "gateways/http/cloudevents/binding.hpp"
#include "gateways/http/management/request_body.hpp"
#include "gateways/http/management/responses.hpp"

namespace sense::http {

namespace {

Response with_secret(Response response, const Subscription& subscription) {
  const auto& secret = subscription.secrets->current;
  if (secret.empty()) return response;
  // Before the brace and the line's end.
  response.body.insert(response.body.size() - 2, ",\"secret\":" + json_string(secret));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Result<Subscriptions::Rotation> rotation_request(std::string_view text) {
  Subscriptions::Rotation rotation;
  if (trim(text).empty()) return rotation;
  const auto members = text_members(text, {"secret", "grace"});
  if (!members) return tl::unexpected(members.error());
  if (const auto given = members->find("secret"); given != members->end()) {
    rotation.secret = given->second;
    if (!webhook_key(rotation.secret))
      return fail(Code::badparam, "request: secret is not whsec_ and base 64 of 24 to 64 octets",
                  "secret");
  }
  const auto given = members->find("grace");
  if (given == members->end()) return rotation;
  const auto grace = parse_duration(given->second);
  if (!grace || *grace < Duration{0} || *grace > secret_grace_max)
    return fail(
        Code::badparam,
        "request: grace is a duration from 0s to " + to_text(secret_grace_max) + ", e.g. \"24h\"",
        "grace");
  rotation.grace = *grace;
  return rotation;
}

}  // namespace

Status ensure_secret(Subscriptions::Request& wanted) {
  const bool given = !wanted.secrets->current.empty();
  if (is_web_hook(wanted.callback)) {
    if (!given) wanted.secrets.edit().current = make_webhook_secret();
    return {};
  }
  if (!given) return {};
  return fail(Code::badparam, "subscription: secret is for callbacks with http: and https: only",
              "secret");
}

Response created_response(const Subscription& subscription) {
  auto response = subscription_response(subscription);
  response.status = 201;
  response.headers.emplace_back("Location", "/v1/subscriptions/" + encode_header(subscription.id));
  return with_secret(std::move(response), subscription);
}

void rotate_secret(const GatewayContext&, const OwnedRequest& request, const Respond& respond) {
  auto rotation = rotation_request(request.http.body);
  if (!rotation) return respond(problem(rotation.error()));
  request.all.rotate_secret(request.subscription->id, std::move(*rotation),
                            [respond](const Result<SubscriptionRef>& given) {
                              respond(given ? with_secret(subscription_response(**given), **given)
                                            : problem(given.error()));
                            });
}

}  // namespace sense::http

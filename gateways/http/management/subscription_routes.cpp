// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/management/subscription_routes.hpp"

#include "core/http/problem.hpp"
#include "gateways/http/management/request_body.hpp"
#include "gateways/http/management/responses.hpp"

namespace sense::http {

Subscriptions::Answer<SubscriptionRef> respond_with(Respond respond) {
  return [respond = std::move(respond)](const Result<SubscriptionRef>& result) {
    respond(result ? subscription_response(**result) : problem(result.error()));
  };
}

// What another process delivers is measured there.
void get_subscription(const GatewayContext& context, const OwnedRequest& request,
                      const Respond& respond) {
  const auto& subscription = *request.subscription;
  const auto* records = context.records;
  respond(measured_response(subscription,
                            records != nullptr ? records->lateness(subscription.id) : Lateness()));
}

void edit_subscription(const GatewayContext&, const OwnedRequest& request, const Respond& respond) {
  const auto* if_match = request.http.header("if-match");
  auto wanted = edit_request(request.http.body, if_match);
  if (!wanted) return respond(problem(wanted.error()));
  request.all.edit(request.subscription->id, wanted->revision, std::move(wanted->patch),
                   [respond, conditional = if_match != nullptr](const auto& result) {
                     if (!result && conditional && result.error().code == Code::badcontext)
                       return respond(problem(412, result.error()));
                     respond_with(respond)(result);
                   });
}

void cancel_subscription(const GatewayContext&, const OwnedRequest& request,
                         const Respond& respond) {
  request.all.cancel(request.subscription->id, "cancelled", respond_with(respond));
}

void pause_subscription(const GatewayContext&, const OwnedRequest& request,
                        const Respond& respond) {
  request.all.pause(request.subscription->id, respond_with(respond));
}

void resume_subscription(const GatewayContext&, const OwnedRequest& request,
                         const Respond& respond) {
  request.all.resume(request.subscription->id, respond_with(respond));
}

void renew_subscription(const GatewayContext&, const OwnedRequest& request,
                        const Respond& respond) {
  const auto period = period_request(request.http.body);
  if (!period) return respond(problem(period.error()));
  request.all.renew(request.subscription->id, *period, respond_with(respond));
}

void test_subscription(const GatewayContext&, const OwnedRequest& request, const Respond& respond) {
  const auto& subscription = *request.subscription;
  request.all.test(subscription.id, subscription.owner, [respond](const Result<Receipt>& receipt) {
    respond(receipt ? tested_response(*receipt) : problem(receipt.error()));
  });
}

}  // namespace sense::http

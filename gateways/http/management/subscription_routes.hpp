// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateways/api/gateway.hpp"
#include "gateways/http/management/owned_request.hpp"

// What an owner may do with a subscription (docs/http-gateway.md, "Subscribe"). Each responds with
// the subscription that results, or the problem. Reactor thread only.
namespace sense::http {

// The response with the subscription that an operation results in.
[[nodiscard]] Subscriptions::Answer<SubscriptionRef> respond_with(Respond respond);

void get_subscription(const GatewayContext& context, const OwnedRequest& request,
                      const Respond& respond);
// 412 when If-Match is another revision than the present one.
void edit_subscription(const GatewayContext& context, const OwnedRequest& request,
                       const Respond& respond);
void cancel_subscription(const GatewayContext& context, const OwnedRequest& request,
                         const Respond& respond);
void pause_subscription(const GatewayContext& context, const OwnedRequest& request,
                        const Respond& respond);
void resume_subscription(const GatewayContext& context, const OwnedRequest& request,
                         const Respond& respond);
void renew_subscription(const GatewayContext& context, const OwnedRequest& request,
                        const Respond& respond);
// 202 {"sequence": 88121}.
void test_subscription(const GatewayContext& context, const OwnedRequest& request,
                       const Respond& respond);

}  // namespace sense::http

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/http/message.hpp"
#include "core/registry/subscriptions.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/http/management/owned_request.hpp"

// The secrets of subscriptions (docs/http-gateway.md, "Signatures") in requests and responses. Pure
// functions, but for the randomness of a new secret.
namespace sense::http {

// Gives a subscription that is to be made a secret, where its callback is a web hook. Fails with
// badparam, field "secret", when one was given for another callback.
[[nodiscard]] Status ensure_secret(Subscriptions::Request& wanted);

// 201: the subscription with its secret, this once.
[[nodiscard]] Response created_response(const Subscription& subscription);
// {"secret": "whsec_...", "grace": "24h"}, both optional, and so is the body; 200 likewise.
void rotate_secret(const GatewayContext& context, const OwnedRequest& request,
                   const Respond& respond);

}  // namespace sense::http

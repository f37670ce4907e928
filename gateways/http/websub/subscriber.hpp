// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/egress/transfer.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/http/callbacks/signature.hpp"

// What the callback of a subscription by WebSub is sent (WebSub sections 5.2, 5.3 and 7). Pure
// functions. REQUIRES: is_websub(subscription).
namespace sense::http {

// Asks whether it wants what was asked for in its name: GET with hub.challenge, which it answers
// with 2xx and the challenge alone.
[[nodiscard]] HttpRequest intent_request(const Subscription& subscription,
                                         const std::string& challenge);
// Whether that URL is one that can be called: it has callback and topic, and a limited length.
[[nodiscard]] bool can_be_asked(const Subscription& subscription);
[[nodiscard]] Verification after_intent(const Result<TransferReply>& reply,
                                        const std::string& challenge);

// An event, a gap or a digest: POST of JSON of CloudEvents, with the links of the topic, and with
// X-Hub-Signature where there is a hub.secret.
[[nodiscard]] HttpRequest content_request(const Delivery& delivery, const Signing& signing);

// The end of the subscription: GET with hub.mode=denied and hub.reason.
[[nodiscard]] HttpRequest denial_request(const Delivery& ended);
// Whether it tells that the lease is over, which the subscriber has been told before: it is no
// denial, and not sent.
[[nodiscard]] bool is_end_of_lease(const Delivery& delivery);

}  // namespace sense::http

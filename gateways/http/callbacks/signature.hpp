// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/egress/signing_key.hpp"
#include "core/subscription/webhook_secrets.hpp"
#include "gateways/http/cloudevents/binding.hpp"

// Signatures of what a callback is sent (Standard Webhooks). Pure functions.
namespace sense::http {

// What an attempt is signed with besides the subscription's own secrets. A value of one attempt.
struct Signing {
  WallTime now;                     // of the attempt
  const SigningKey* key = nullptr;  // of this gateway; null: none
};

// A text as webhook-id: printable ASCII without the full stop, which ends the id in what is signed.
[[nodiscard]] std::string webhook_id(std::string_view text);

// webhook-id, webhook-timestamp and, unless there is nothing to sign with, webhook-signature: by
// the current secret, by the former one until its time is over, and by the gateway's key. REQUIRES:
// `id` is of webhook_id().
[[nodiscard]] Headers webhook_headers(std::string id, std::string_view body,
                                      const WebhookSecrets& secrets, const Signing& signing);

}  // namespace sense::http

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense {

// What deliveries to a web hook are signed with (Standard Webhooks, HMAC-SHA256). A value. Each
// secret is "whsec_" and base 64 of 24 to 64 octets (by WebSub: websub.hpp); empty: there is none.
// Who has one can sign in the name of this service: it is in the registry, in gateways and with the
// subscription's owner, and is shown by nothing else.
struct WebhookSecrets {
  std::string current;
  std::string former;                    // before a rotation; signs beside the current one ...
  std::optional<WallTime> former_until;  // ... until then

  friend bool operator==(const WebhookSecrets&, const WebhookSecrets&) = default;
};

// How long the former secret signs after a rotation.
inline constexpr Duration secret_grace_default = std::chrono::hours{24};
inline constexpr Duration secret_grace_max = std::chrono::days{31};

// Whether deliveries to that callback are signed: it is http or https. Pure.
[[nodiscard]] bool is_web_hook(std::string_view callback);
// With 32 unguessable octets. Any thread.
[[nodiscard]] std::string make_webhook_secret();
// The octets of a secret. Absent when the text is none. Pure.
[[nodiscard]] std::optional<std::string> webhook_key(std::string_view secret);
// Fails with badparam, and never quotes a secret. Pure.
[[nodiscard]] Status validate(const WebhookSecrets& secrets);
// The present secret becomes the former one, which it is until `until`; the one before that is
// dropped. Nothing changes when `next` is the present one, so that a request may be repeated. Pure.
void rotate(WebhookSecrets& secrets, std::string next, WallTime until);

// The subscription in JSON without these secrets, for readers who may not know them. Also of one
// that a newer version wrote. Pure.
[[nodiscard]] std::string without_webhook_secrets(std::string json);
// Likewise the data of an event of whole_change_type, which tells gateways of a subscription.
[[nodiscard]] std::string without_webhook_secrets_of_change(std::string json);

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense {

// What makes a subscription one of WebSub (W3C): its callback is verified, told and sent events as
// that has it, and is subscribed and unsubscribed by its callback and topic instead of an id. A
// value.
struct WebSub {
  static constexpr std::size_t topic_length_max = 2048;
  static constexpr std::size_t secret_octets_max = 199;

  // What its subscriber asks for while it exists, until the callback has agreed to that or not.
  // Until then nothing else of the subscription changes.
  struct Intent {
    enum class Kind { none, subscribe, unsubscribe };
    Kind kind = Kind::none;
    Duration period{0};  // with subscribe: the lease
    std::string secret;  // with subscribe: of websub_secret()

    friend bool operator==(const Intent&, const Intent&) = default;
  };

  std::string topic;  // the URL as the subscriber wrote it; "": it is no subscription of WebSub
  Intent intent;

  friend bool operator==(const WebSub&, const WebSub&) = default;
};

[[nodiscard]] std::string_view to_text(WebSub::Intent::Kind kind);

// One owner has one subscription for each callback and topic, and this is its id: "w-" and 40
// hexadecimal digits. It can be computed by others, so it is no proof of anything. Pure.
[[nodiscard]] std::string websub_id(std::string_view owner, std::string_view callback,
                                    std::string_view topic);

// hub.secret, any octets, as WebhookSecrets keeps it: "hub_" and base 64, of none, too. Pure.
[[nodiscard]] std::string websub_secret(std::string_view octets);
// The octets; empty: deliveries are not signed by X-Hub-Signature. Absent when the text is none.
[[nodiscard]] std::optional<std::string> websub_key(std::string_view secret);

// Checks topic and intent: an absolute http or https URL that can stand in a Link header. Fails
// with badparam, and never quotes a secret. Pure.
[[nodiscard]] Status validate(const WebSub& websub);

}  // namespace sense

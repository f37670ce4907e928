// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense::http {

// What a subscriber asks a hub for. A value.
struct HubRequest {
  enum class Mode { subscribe, unsubscribe };
  // Of a request that names no lease.
  static constexpr Duration period_default = std::chrono::days{1};
  static constexpr Duration period_max = std::chrono::years{1};

  Mode mode = Mode::subscribe;
  std::string callback;
  std::string topic;                 // as given
  Duration period = period_default;  // of a subscription; at most period_max
  std::string secret;                // of a subscription, any octets; "": there is none
};

// Reads the form of a subscriber (WebSub section 5.1); parameters that it does not know are
// ignored, as the specification has it. Fails as parse_form(), and with badparam, varnotfound or
// varvaltoobig; never quotes the secret. Pure.
[[nodiscard]] Result<HubRequest> parse_hub_request(std::string_view form);

}  // namespace sense::http

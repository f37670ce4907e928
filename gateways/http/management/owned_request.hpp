// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/http/message.hpp"
#include "core/registry/subscriptions.hpp"

namespace sense::http {

// A request about a subscription of the client's own, which has been found. A value of one call.
struct OwnedRequest {
  Subscriptions& all;  // as the client may change them
  SubscriptionRef subscription;
  std::string query;
  Request http;
};

}  // namespace sense::http

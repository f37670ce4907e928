// SPDX-License-Identifier: Apache-2.0
#include "core/registry/subscription_steps.hpp"

#include <algorithm>

namespace sense {

void make_verified(Subscription& subscription) {
  subscription.state = SubscriptionState::active;
  subscription.challenge_hash.clear();
  subscription.reason.clear();
}

Status require_period(Duration period) {
  if (period >= std::chrono::seconds{1}) return {};
  return fail(Code::badparam, "subscription: period is at least one second", "period");
}

Status grant_lease(Subscription& subscription, Duration period, Duration longest, WallTime now) {
  if (auto status = require_period(period); !status) return status;
  if (!subscription.expires)
    return fail(Code::noaccess,
                "this subscription belongs to the configuration file and has no lease");
  subscription.period = std::min(period, longest);
  subscription.expires = now + subscription.period;
  return {};
}

}  // namespace sense

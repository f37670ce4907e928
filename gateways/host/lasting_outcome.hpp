// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateways/api/gateway.hpp"

namespace sense {

// The outcome of an attempt as the engine takes it. A subscription of the configuration file is
// there for good: no gateway ends it, and a callback that is gone counts as one that fails for now.
// So its events are tried again, and it is suspended like any other. Pure; any thread.
[[nodiscard]] inline Attempt lasting_outcome(Attempt attempt, const Subscription& subscription) {
  const bool configured = subscription.via == "config";
  if (configured && attempt.outcome == Attempt::Outcome::gone)
    attempt.outcome = Attempt::Outcome::retry;
  return attempt;
}

}  // namespace sense

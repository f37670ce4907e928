// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/subscription/subscription.hpp"

// Steps that several changes of a subscription have in common. Pure functions.
namespace sense {

// Its callback has agreed.
void make_verified(Subscription& subscription);

// A lease of at least a second. Fails with badparam, field "period".
[[nodiscard]] Status require_period(Duration period);
// A new lease from `now` on, at most the longest. Fails likewise, and with noaccess for one of the
// configuration file.
[[nodiscard]] Status grant_lease(Subscription& subscription, Duration period, Duration longest,
                                 WallTime now);

}  // namespace sense

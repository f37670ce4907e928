// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/owner_key.hpp"

#include "core/base/hash.hpp"
#include "core/egress/callback_address.hpp"
#include "gateways/api/gateway.hpp"

namespace sense {

OwnerKey owner_key(const Subscription& subscription) {
  if (subscription.via == "config") return 0;
  const bool anonymous = subscription.owner == ClientServices::anonymous;
  // The key of a host is not that of a principal of its name.
  const auto owner = anonymous ? "@" + callback_address(subscription.callback)
                               : callback_address(subscription.owner);
  // With a secret: no client chooses an owner whose budget it shares.
  static const auto secret = HashSecret::random();
  return keyed_hash(secret, owner).low | 1U;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/owner_endpoints.hpp"

#include "core/base/hash.hpp"

namespace sense {

namespace {

std::uint64_t endpoint_key(OwnerKey owner, const std::string& callback) {
  return owner * 0x9e3779b97f4a7c15U ^ stable_hash(callback);
}

template <class Counts>
bool drop_one(Counts& counts, std::uint64_t key) {
  const auto found = counts.find(key);
  if (--found->second != 0) return false;
  counts.erase(found);
  return true;
}

}  // namespace

void OwnerEndpoints::add(const Subscription& subscription) {
  const auto owner = owner_key(subscription);
  if (owner == 0) return;
  if (subscriptions_[endpoint_key(owner, subscription.callback)]++ == 0) ++endpoints_[owner];
}

void OwnerEndpoints::remove(const Subscription& subscription) {
  const auto owner = owner_key(subscription);
  if (owner == 0) return;
  if (drop_one(subscriptions_, endpoint_key(owner, subscription.callback)))
    drop_one(endpoints_, owner);
}

std::size_t OwnerEndpoints::count(OwnerKey owner) const {
  const auto found = endpoints_.find(owner);
  return found == endpoints_.end() ? 0 : found->second;
}

bool OwnerEndpoints::has_room(const Subscription& subscription, std::size_t max) const {
  const auto owner = owner_key(subscription);
  return max == 0 || owner == 0 || count(owner) < max ||
         subscriptions_.contains(endpoint_key(owner, subscription.callback));
}

}  // namespace sense

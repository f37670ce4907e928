// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/owners/owner_endpoints.hpp"

#include "core/base/hash.hpp"

namespace sense {

namespace {

template <class Counts, class Key>
bool drop_one(Counts& counts, Key key) {
  const auto found = counts.find(key);
  if (--found->second != 0) return false;
  counts.erase(found);
  return true;
}

}  // namespace

std::uint32_t OwnerEndpoints::short_key(OwnerKey owner) {
  const auto bits = static_cast<std::uint32_t>(owner >> 32U);
  return owner == 0 ? 0 : bits % (several - 1) + 1;
}

std::uint64_t OwnerEndpoints::pair_key(std::uint32_t owner, std::uint64_t callback) {
  return (owner * 0x9e3779b97f4a7c15U) ^ callback;
}

// A second owner has come.
void OwnerEndpoints::share(Callback& callback, std::uint64_t key) {
  shared_[pair_key(callback.owner, key)] = callback.subscriptions;
  callback.owner = several;
}

void OwnerEndpoints::add(const Subscription& subscription) {
  const auto owner = short_key(owner_key(subscription));
  const auto key = stable_hash(subscription.callback);
  auto& callback = callbacks_[key];
  if (callback.subscriptions == 0) callback.owner = owner;
  const bool fresh = callback.subscriptions == 0;
  if (callback.owner != owner && callback.owner != several) share(callback, key);
  const bool other = callback.owner == several && shared_[pair_key(owner, key)]++ == 0;
  ++callback.subscriptions;
  if (owner != 0 && (fresh || other)) ++endpoints_[owner];
}

void OwnerEndpoints::remove(const Subscription& subscription) {
  const auto owner = short_key(owner_key(subscription));
  const auto key = stable_hash(subscription.callback);
  const auto found = callbacks_.find(key);
  const bool shared = found->second.owner == several;
  bool last = --found->second.subscriptions == 0;
  if (last) callbacks_.erase(found);
  if (shared) last = drop_one(shared_, pair_key(owner, key));
  if (owner != 0 && last) drop_one(endpoints_, owner);
}

std::size_t OwnerEndpoints::count_for(std::string_view callback) const {
  const auto found = callbacks_.find(stable_hash(callback));
  return found == callbacks_.end() ? 0 : found->second.subscriptions;
}

std::size_t OwnerEndpoints::count(OwnerKey owner) const {
  const auto found = endpoints_.find(short_key(owner));
  return found == endpoints_.end() ? 0 : found->second;
}

bool OwnerEndpoints::has_room(const Subscription& subscription, std::size_t max) const {
  const auto owner = owner_key(subscription);
  if (max == 0 || owner == 0 || count(owner) < max) return true;
  const auto key = stable_hash(subscription.callback);
  const auto found = callbacks_.find(key);
  if (found == callbacks_.end()) return false;
  return found->second.owner == short_key(owner) ||
         (found->second.owner == several && shared_.contains(pair_key(short_key(owner), key)));
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/quota.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/egress/callback_address.hpp"

namespace sense::datagram {

namespace {
constexpr std::chrono::seconds directory_lag_max{10};

// Each once.
std::vector<std::string> hosts_of(std::string_view callback, std::string_view owner) {
  std::vector<std::string> hosts{callback_address(callback)};
  if (auto of_owner = callback_address(owner); of_owner != hosts.front())
    hosts.push_back(std::move(of_owner));
  return hosts;
}
}  // namespace

Status SubscriptionQuota::admit(const Claim& claim, MonoTime now) {
  expire(now);
  const auto room = limits_.max_subscriptions - (claim.local ? 0 : limits_.reserve());
  if (directory_.count() + size() >= room)
    return fail(Code::nomoreroom, "the server has max-subscriptions already");
  if (auto status = check_callback(claim.callback); !status) return status;
  for (const auto& host : hosts_of(claim.callback, claim.owner))
    if (auto status = check_host(host); !status) return status;
  return {};
}

Status SubscriptionQuota::admit_move(const Claim& claim, const Subscription& moved) const {
  if (auto status = check_callback(claim.callback); !status) return status;
  const auto before = hosts_of(moved.callback, moved.owner);
  for (const auto& host : hosts_of(claim.callback, claim.owner))
    if (std::find(before.begin(), before.end(), host) == before.end())
      if (auto status = check_host(host); !status) return status;
  return {};
}

Status SubscriptionQuota::check_callback(const std::string& callback) const {
  if (directory_.count_for(callback) + unseen(callbacks_, callback) <
      limits_.max_subscriptions_per_client)
    return {};
  return fail(Code::nomoreroom, callback + " has max-subscriptions-per-client already");
}

Status SubscriptionQuota::check_host(const std::string& host) const {
  if (directory_.count_at(host) + unseen(hosts_, host) < limits_.max_subscriptions_per_host)
    return {};
  return fail(Code::nomoreroom, "this host or key has max-subscriptions-per-host already");
}

std::size_t SubscriptionQuota::unseen(const Uses& uses, const std::string& name) const {
  const auto found = uses.find(name);
  if (found == uses.end()) return 0;
  const auto& recent = found->second.recent;
  return found->second.under_way + static_cast<std::size_t>(std::count_if(
                                       recent.begin(), recent.end(),
                                       [this](const RecentRef& one) { return !is_visible(*one); }));
}

bool SubscriptionQuota::is_visible(const Recent& recent) const {
  const auto found = directory_.find(recent.id);
  return found != nullptr && found->callback == recent.claim.callback;
}

void SubscriptionQuota::change(const Claim& claim, const std::function<void(Use&)>& change_one) {
  const auto change_in = [&](Uses& uses, const std::string& name) {
    auto& use = uses[name];
    change_one(use);
    if (use.under_way == 0 && use.recent.empty()) uses.erase(name);
  };
  change_in(callbacks_, claim.callback);
  for (const auto& host : hosts_of(claim.callback, claim.owner)) change_in(hosts_, host);
}

void SubscriptionQuota::begin(const Claim& claim) {
  ++under_way_;
  change(claim, [](Use& use) { ++use.under_way; });
}

void SubscriptionQuota::end(const Claim& claim) {
  SENSE_CHECK(under_way_ > 0);
  --under_way_;
  change(claim, [](Use& use) {
    SENSE_CHECK(use.under_way > 0);
    --use.under_way;
  });
}

void SubscriptionQuota::granted(const std::string& id, const Claim& claim, MonoTime now) {
  expire(now);
  const auto recent = std::make_shared<const Recent>(Recent{id, claim, now});
  recent_.push_back(recent);
  change(claim, [&](Use& use) { use.recent.push_back(recent); });
}

// The directory shows them in about the order of their creation.
void SubscriptionQuota::expire(MonoTime now) {
  while (!recent_.empty() &&
         (now - recent_.front()->since > directory_lag_max || is_visible(*recent_.front()))) {
    const auto oldest = recent_.front();
    recent_.pop_front();
    change(oldest->claim, [&](Use& use) { std::erase(use.recent, oldest); });
  }
}

void PerHostCounts::remove(const std::string& host) {
  const auto found = counts_.find(host);
  SENSE_CHECK(found != counts_.end());
  if (--found->second == 0) counts_.erase(found);
}

std::size_t PerHostCounts::count(const std::string& host) const {
  const auto found = counts_.find(host);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace sense::datagram

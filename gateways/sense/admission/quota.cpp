// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/quota.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace sense::datagram {

namespace {
constexpr std::chrono::seconds directory_lag_max{10};
}

Status SubscriptionQuota::admit(const std::string& callback, MonoTime now) {
  expire(now);
  if (directory_.count() + size() >= limits_.max_subscriptions)
    return fail(Code::nomoreroom, "the server has max-subscriptions already");
  return admit_move(callback);
}

Status SubscriptionQuota::admit_move(const std::string& callback) const {
  auto count = directory_.count_for(callback);
  if (const auto found = by_callback_.find(callback); found != by_callback_.end()) {
    const auto& recent = found->second.recent;
    count += found->second.under_way;
    count += static_cast<std::size_t>(
        std::count_if(recent.begin(), recent.end(),
                      [&](const std::string& id) { return !is_visible(id, callback); }));
  }
  if (count < limits_.max_subscriptions_per_client) return {};
  return fail(Code::nomoreroom, callback + " has max-subscriptions-per-client already");
}

bool SubscriptionQuota::is_visible(const std::string& id, const std::string& callback) const {
  const auto found = directory_.find(id);
  return found != nullptr && found->callback == callback;
}

void SubscriptionQuota::begin(const std::string& callback) {
  ++under_way_;
  ++by_callback_[callback].under_way;
}

void SubscriptionQuota::end(const std::string& callback) {
  const auto found = by_callback_.find(callback);
  SENSE_CHECK(found != by_callback_.end() && found->second.under_way > 0);
  --under_way_;
  --found->second.under_way;
  drop_if_empty(callback);
}

void SubscriptionQuota::granted(const std::string& id, const std::string& callback, MonoTime now) {
  expire(now);
  recent_.push_back({id, callback, now});
  by_callback_[callback].recent.push_back(id);
}

// The directory shows them in about the order of their creation.
void SubscriptionQuota::expire(MonoTime now) {
  while (!recent_.empty() && (now - recent_.front().since > directory_lag_max ||
                              is_visible(recent_.front().id, recent_.front().callback))) {
    const auto oldest = std::move(recent_.front());
    recent_.pop_front();
    std::erase(by_callback_[oldest.callback].recent, oldest.id);
    drop_if_empty(oldest.callback);
  }
}

void SubscriptionQuota::drop_if_empty(const std::string& callback) {
  const auto found = by_callback_.find(callback);
  if (found != by_callback_.end() && found->second.under_way == 0 && found->second.recent.empty())
    by_callback_.erase(found);
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

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/lease.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/log.hpp"

namespace sense {

namespace {

using LeaseJson = nlohmann::ordered_json;

std::string holder_of(const RegistryEntry& entry) {
  const auto json = LeaseJson::parse(entry.value, nullptr, false);
  if (!json.is_object() || !json.contains("holder") || !json["holder"].is_string()) return {};
  return json["holder"].get<std::string>();
}

}  // namespace

RegistryEntry LeaderLease::entry(std::uint64_t revision) const {
  return {"leader", kind_, revision, json_text(LeaseJson{{"holder", name_}, {"ttl", ttl_seconds}})};
}

void LeaderLease::acquire() {
  if (stopped_) return;
  bus_.registry_get("leader", kind_, [this](Result<RegistryEntry> found) {
    if (stopped_) return;
    if (!found) return found.error().code == Code::notfound ? take_lease(0) : retry_later();
    const auto holder = holder_of(*found);
    // No other gateway has led since: the own store is complete.
    if (holder == name_) return take_lease(found->revision);
    if (std::exchange(standing_by_for_, found->revision) != found->revision)
      callbacks_.stand_by(holder, found->revision);
    if (callbacks_.may_take_over(found->revision)) return take_lease(found->revision);
    retry_later();
  });
}

void LeaderLease::retry_later() {
  callbacks_.after(renewal_interval, [this] { acquire(); });
}

void LeaderLease::take_lease(std::uint64_t revision) {
  const auto requested = clock_.now().mono;
  bus_.registry_put(entry(revision), "leads", [this, requested](Result<std::uint64_t> answer) {
    if (stopped_) return;
    if (!answer) return retry_later();
    token_ = *answer;
    lease_until_ = requested + std::chrono::seconds{ttl_seconds};
    callbacks_.after(renewal_interval, [this] { renew(); });
    callbacks_.lead(token_);
  });
}

void LeaderLease::renew() {
  if (stopped_) return;
  const auto requested = clock_.now().mono;
  bus_.registry_put(entry(token_), "leads", [this, requested](Result<std::uint64_t> answer) {
    if (stopped_) return;
    if (!answer && answer.error().code == Code::badcontext) {
      stopped_ = true;
      return callbacks_.lost(answer.error().message);
    }
    if (answer) {
      lease_until_ = requested + std::chrono::seconds{ttl_seconds};
      callbacks_.renewed();
    }
    callbacks_.after(renewal_interval, [this] { renew(); });
  });
}

bool LeaderLease::has_lease() const {
  if (token_ == 0 || stopped_) return false;
  return !lease_required_ || clock_.now().mono + reserve < lease_until_;
}

void LeaderLease::release(std::function<void()> done) {
  stopped_ = true;
  if (token_ == 0) return done();
  bus_.registry_remove("leader", kind_, token_, "stopped",
                       [done = std::move(done)](const auto&) { done(); });
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/failover.hpp"

#include "core/base/log.hpp"

namespace sense {

namespace {
constexpr auto release_patience = std::chrono::seconds{1};
}

Failover::Failover(Bus& bus, GatewayStore& store, const Clock& clock, std::string gateway,
                   std::string kind, const std::string& folder, bool take_over,
                   std::string pair_secret, Counters& counters, Callbacks callbacks)
    : callbacks_(std::move(callbacks)),
      pair_{std::move(pair_secret), counters},
      lease_(
          bus, gateway, kind, clock,
          {callbacks_.after,
           [this](const auto& holder, std::uint64_t token) { stand_by(holder, token); },
           [this, take_over](std::uint64_t token) { return take_over || standby_.in_sync(token); },
           [this](std::uint64_t token) { lead(token); }, callbacks_.renewed,
           [this](const std::string& reason) {
             // What this process still has in memory is not the current state.
             callbacks_.lost(
                 fail(Code::badcontext,
                      reason + "; this process ends, and stands by when it is started again"));
           }}),
      standby_(store, bus, clock, gateway, kind, folder, pair_, {callbacks_.after}),
      replication_(store, bus, clock, std::move(gateway), std::move(kind), folder, pair_,
                   {callbacks_.later, callbacks_.after}) {}

void Failover::stand_by(const std::string& holder, std::uint64_t token) {
  log::info("another gateway of this kind leads; this one stands by",
            {{"leads", holder}, {"kind", lease_.kind()}});
  callbacks_.stand_by();
  standby_.follow(token);
}

void Failover::lead(std::uint64_t token) {
  standby_.take_over(token, [this, token] {
    if (stopped_) return;
    log::info("this gateway leads", {{"kind", lease_.kind()}, {"token", std::to_string(token)}});
    callbacks_.lead();
  });
}

void Failover::release(std::function<void()> done) {
  stopped_ = true;
  standby_.stop();
  on_released_ = std::move(done);
  const auto release_once = [this] {
    replication_.stop();
    if (on_released_) std::exchange(on_released_, nullptr)();
  };
  callbacks_.after(release_patience, release_once);
  lease_.release(release_once);
}

}  // namespace sense

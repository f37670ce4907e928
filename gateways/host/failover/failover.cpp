// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/failover.hpp"

#include "core/base/log.hpp"

namespace sense {

namespace {
constexpr auto release_patience = std::chrono::seconds{1};
}

Succession::Succession(Bus& bus, GatewayStore& store, GatewayDirectory& directory,
                       const Clock& clock, std::string gateway, std::string kind,
                       const std::string& folder, bool take_over, Ways ways)
    : directory_(directory),
      ways_(std::move(ways)),
      leadership_(
          bus, gateway, kind, clock,
          {ways_.after,
           [this](const auto& holder, std::uint64_t token) { stand_by(holder, token); },
           [this, take_over](std::uint64_t token) { return take_over || standby_.in_step(token); },
           [this](std::uint64_t token) { lead(token); }, ways_.renewed,
           [this](const std::string& reason) {
             // What this one still believes to know is not what is so.
             ways_.lost(fail(Code::badcontext,
                             reason + "; this one ends, and stands by once it is started again"));
           }}),
      standby_(store, bus, clock, gateway, kind, folder, {ways_.after}),
      replication_(store, bus, clock, std::move(gateway), std::move(kind), folder,
                   {ways_.later, ways_.after}) {}

void Succession::stand_by(const std::string& holder, std::uint64_t token) {
  log::info("another gateway of this kind serves its subscriptions; this one stands by",
            {{"leads", holder}, {"kind", leadership_.kind()}});
  directory_.announce({});
  standby_.follow(token);
}

void Succession::lead(std::uint64_t token) {
  standby_.end(token, [this, token] {
    if (stopped_) return;
    log::info("this gateway leads",
              {{"kind", leadership_.kind()}, {"token", std::to_string(token)}});
    replication_.lead(token, !directory_.alone());
    ways_.lead();
  });
}

void Succession::end(std::function<void()> done) {
  stopped_ = true;
  standby_.stop();
  ended_ = std::move(done);
  const auto end_once = [this] {
    replication_.stop();
    if (ended_) std::exchange(ended_, nullptr)();
  };
  ways_.after(release_patience, end_once);
  leadership_.release(end_once);
}

}  // namespace sense

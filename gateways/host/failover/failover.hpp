// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "gateways/host/failover/lease.hpp"
#include "gateways/host/failover/replication.hpp"
#include "gateways/host/failover/standby.hpp"

namespace sense {

// Failover between gateways of one kind (docs/operations.md, "Two gateways of one kind"): one leads
// and serves, the others stand by with a copy of its store and take over when it ends. Reactor
// thread; all arguments must outlive it, and none may call back after its end.
class Failover {
 public:
  struct Callbacks {
    Executor later;
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
    // Another gateway leads: the store is replaced by a copy of its store. Called for each leader.
    std::function<void()> stand_by;
    // This gateway leads, and its store is complete. Called once; serve() must follow.
    std::function<void()> lead;
    // has_lease() may be true again.
    std::function<void()> renewed;
    // Another gateway leads: nothing more may be attempted. Called once.
    std::function<void(Status)> lost;
  };
  // `take_over`: of GatewayConfig. `folder`: of the store. `pair_secret`: PairSecret::secret.
  Failover(Bus& bus, GatewayStore& store, const Clock& clock, std::string gateway, std::string kind,
           const std::string& folder, bool take_over, std::string pair_secret, Counters& counters,
           Callbacks callbacks);

  void begin() { lease_.acquire(); }
  // True while deliveries may be attempted.
  [[nodiscard]] bool has_lease() const { return lease_.has_lease(); }
  // `required`: there may be another gateway of this kind. Otherwise has_lease() stays true while
  // the broker is unreachable.
  void require_lease(bool required) { lease_.require_lease(required); }
  // The leader begins to serve: from now on it replicates its store when a standby asks for that,
  // and at once when one is expected.
  void serve(bool standby_expected) { replication_.lead(lease_.token(), standby_expected); }
  // True when the event was a standby's heartbeat.
  [[nodiscard]] bool on_event(const Event& event) { return replication_.on_event(event); }
  // As CheckpointWriter::Replicate.
  void saved(bool only_position, std::function<void()> done) {
    replication_.saved(only_position, std::move(done));
  }
  // This gateway attempts nothing more: another may take over. Calls `done` when the lease is
  // released, or after a second.
  void release(std::function<void()> done);

 private:
  void stand_by(const std::string& holder, std::uint64_t token);
  void lead(std::uint64_t token);

  Callbacks callbacks_;
  const PairSecret pair_;
  LeaderLease lease_;
  Standby standby_;
  Replication replication_;
  std::function<void()> on_released_;
  bool stopped_ = false;
};

}  // namespace sense

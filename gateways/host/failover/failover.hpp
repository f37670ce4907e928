// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "gateways/host/failover/lease.hpp"
#include "gateways/host/failover/replication.hpp"
#include "gateways/host/failover/standby.hpp"
#include "gateways/host/subscriptions/gateway_directory.hpp"

namespace sense {

// Several gateways of one kind (docs/operations.md, "Two gateways of one kind"): one leads and
// serves, the others stand by with a copy of its store and go on where it ends. Reactor thread; all
// it is given must outlive it.
class Succession {
 public:
  struct Ways {
    Executor later;
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
    // This gateway leads: its store has all that is known. Once.
    std::function<void()> lead;
    // holds() may have become true again.
    std::function<void()> renewed;
    // Another one leads: nothing may be attempted from here on. Once.
    std::function<void(Status)> lost;
  };
  // `take_over`: GatewayConfig's. `folder` is that of the store.
  Succession(Bus& bus, GatewayStore& store, GatewayDirectory& directory, const Clock& clock,
             std::string gateway, std::string kind, const std::string& folder, bool take_over,
             Ways ways);

  void begin() { leadership_.seek(); }
  // Whether deliveries may be attempted now.
  [[nodiscard]] bool holds() const { return leadership_.holds(); }
  // More is known of the other gateways.
  void look_around() { leadership_.guard(!directory_.alone()); }
  // True when the event was a standby's word.
  [[nodiscard]] bool take(const Event& event) { return replication_.take(event); }
  // As CheckpointWriter::Replicate.
  void saved(bool only_position, std::function<void()> done) {
    replication_.saved(only_position, std::move(done));
  }
  // Nothing more is attempted here: another may take over. `done` when it can, or after a second.
  void end(std::function<void()> done);

 private:
  void stand_by(const std::string& holder, std::uint64_t token);
  void lead(std::uint64_t token);

  GatewayDirectory& directory_;
  Ways ways_;
  Leadership leadership_;
  Standby standby_;
  Replication replication_;
  std::function<void()> ended_;
  bool stopped_ = false;
};

}  // namespace sense

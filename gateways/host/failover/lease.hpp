// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "core/bus/bus.hpp"

namespace sense {

// The leader election among gateways of one kind: the leader is the one that holds the entry
// `leader` KIND of the broker's registry (docs/operations.md). It renews the entry periodically;
// when the entry's time to live has passed without renewal, another gateway may take it. Reactor
// thread; bus and clock must outlive it, and nothing may call back after its end.
class LeaderLease {
 public:
  static constexpr int ttl_seconds = 5;
  static constexpr Duration renewal_interval = std::chrono::seconds{1};
  // Attempts stop so long before the lease ends, so that those under way can finish.
  static constexpr Duration reserve = std::chrono::milliseconds{500};

  struct Callbacks {
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
    // Another gateway leads, under `token`. Called again for each new leader.
    std::function<void(const std::string& holder, std::uint64_t token)> stand_by;
    // True when this gateway has all that the leader of `token` has done.
    std::function<bool(std::uint64_t token)> may_take_over;
    // This gateway leads. Called once.
    std::function<void(std::uint64_t token)> lead;
    std::function<void()> renewed;
    // Another gateway leads: nothing more may be attempted. Called once.
    std::function<void(const std::string& reason)> lost;
  };
  LeaderLease(Bus& bus, std::string name, std::string kind, const Clock& clock, Callbacks callbacks)
      : bus_(bus),
        name_(std::move(name)),
        kind_(std::move(kind)),
        clock_(clock),
        callbacks_(std::move(callbacks)) {}

  // Takes the lease, or retries until it can.
  void acquire();
  // True while deliveries may be attempted. Unless the lease is required, a leader also continues
  // while the broker is unreachable: for a gateway without standby.
  [[nodiscard]] bool has_lease() const;
  void require_lease(bool required) { lease_required_ = required; }
  // Releases the lease, so that another gateway can take over at once; calls `done` when the broker
  // has answered.
  void release(std::function<void()> done);
  void stop() { stopped_ = true; }

  // The fencing token; 0 while another gateway leads.
  [[nodiscard]] std::uint64_t token() const { return token_; }
  [[nodiscard]] const std::string& kind() const { return kind_; }

 private:
  void retry_later();
  void take_lease(std::uint64_t revision);
  void renew();
  [[nodiscard]] RegistryEntry entry(std::uint64_t revision) const;

  Bus& bus_;
  std::string name_;
  std::string kind_;
  const Clock& clock_;
  Callbacks callbacks_;
  std::uint64_t token_ = 0;
  std::uint64_t standing_by_for_ = 0;  // the token last reported to `stand_by`
  MonoTime lease_until_{};
  bool lease_required_ = true;
  bool stopped_ = false;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "core/bus/bus.hpp"

namespace sense {

// Which of several gateways of one kind serves its subscriptions: the one that holds the entry
// `leader` KIND of the broker's registry (docs/operations.md). It writes the entry again and again;
// when it has not for the entry's time to live, another may take it. Reactor thread; the bus must
// outlive it.
class Leadership {
 public:
  static constexpr int ttl_seconds = 5;
  static constexpr Duration renewal = std::chrono::seconds{1};
  // Of the time that a renewal grants, this much is left for what is under way.
  static constexpr Duration reserve = std::chrono::milliseconds{500};

  struct Ways {
    // Runs a task after a pause.
    std::function<void(Duration, std::function<void()>)> after;
    // Another leads, since `token`. Called again when it is yet another.
    std::function<void(const std::string& holder, std::uint64_t token)> stand_by;
    // Whether this gateway has what the leader of `token` has done.
    std::function<bool(std::uint64_t token)> may_follow;
    // This one leads. Once.
    std::function<void(std::uint64_t token)> lead;
    std::function<void()> renewed;
    // Another one leads now: nothing more may be attempted. Once.
    std::function<void(const std::string& reason)> lost;
  };
  Leadership(Bus& bus, std::string name, std::string kind, const Clock& clock, Ways ways)
      : bus_(bus),
        name_(std::move(name)),
        kind_(std::move(kind)),
        clock_(clock),
        ways_(std::move(ways)) {}

  // Takes the lead, or waits until it can.
  void seek();
  // Whether deliveries may be attempted. Without guard, a leader goes on while the broker is away:
  // for one that has no standby, which could take over.
  [[nodiscard]] bool holds() const;
  void guard(bool guarded) { guarded_ = guarded; }
  // Lets another take over at once; `done` when the broker has answered.
  void release(std::function<void()> done);
  void stop() { stopped_ = true; }

  [[nodiscard]] bool leads() const { return token_ != 0; }
  // The fencing token; 0 as long as another leads.
  [[nodiscard]] std::uint64_t token() const { return token_; }
  [[nodiscard]] const std::string& kind() const { return kind_; }

 private:
  void look_later();
  void take(std::uint64_t revision);
  void renew();
  [[nodiscard]] RegistryEntry entry(std::uint64_t revision) const;

  Bus& bus_;
  std::string name_;
  std::string kind_;
  const Clock& clock_;
  Ways ways_;
  std::uint64_t token_ = 0;
  std::uint64_t followed_ = 0;  // the token of who leads, as far as was told
  MonoTime until_{};
  bool guarded_ = true;
  bool stopped_ = false;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/bus/bus.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

// Reads all subscriptions of the registry, some at a time. Reactor thread; the bus must outlive it.
class SubscriptionList {
 public:
  // Runs a task later, when the broker was not there; never, once there is nobody to run it for.
  using Again = std::function<void(std::function<void()>)>;
  // Nothing: it cannot be read. It is kept in the registry, and a warning says so.
  using Each = std::function<void(const std::string& id, std::optional<Subscription>)>;
  // `sequence`: no change up to that one is missing; later ones may be.
  using Done = std::function<void(std::uint64_t sequence)>;
  SubscriptionList(Bus& bus, Again again) : bus_(bus), again_(std::move(again)) {}

  // One at a time.
  void read(Each each, Done done);
  void stop() { stopped_ = true; }

 private:
  void read_behind(const std::string& after);

  Bus& bus_;
  Again again_;
  Each each_;
  Done done_;
  std::uint64_t sequence_ = 0;
  bool stopped_ = false;
};

}  // namespace sense

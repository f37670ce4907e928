// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/simulation/broker.hpp"
#include "tests/simulation/redrives.hpp"

namespace sense::simulation {

// What publishers, subscribers and operators do, at random: events, subscriptions and their
// changes, redrives of dead letters.
class Traffic {
 public:
  static constexpr Duration span = std::chrono::hours{24};

  Traffic(Context& context, Broker& broker, Redrives& redrives)
      : context_(context), random_(context.random), broker_(broker), redrives_(redrives) {}

  // From now on, until the context says that traffic is over.
  void flow();
  // One event; for_all: one of each type, which no subscription is left out of.
  void publish(bool for_all);
  void create();

 private:
  void change_something();
  // Of those that have not ended; empty: there is none.
  std::string random_live();
  Subscription random_subscription();
  void choose_options(DeliveryOptions& delivery);

  Context& context_;
  Random& random_;
  Broker& broker_;
  Redrives& redrives_;
};

}  // namespace sense::simulation

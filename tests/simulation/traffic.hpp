// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/simulation/broker.hpp"

namespace sense::simulation {

// What publishers, subscribers and operators do, at random: events, subscriptions and their
// changes, redrives of dead letters.
class Traffic {
 public:
  static constexpr Duration span = std::chrono::hours{1};

  Traffic(Context& context, Broker& broker)
      : context_(context), random_(context.random), broker_(broker) {}

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
};

}  // namespace sense::simulation

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateways/host/engine/pending_deliveries.hpp"
#include "tests/gateways/make.hpp"

namespace sense::testing {

// What the parts of one queue work on, without an engine.
struct QueueFixture {
  VirtualClock clock;
  EngineState state{{}, 1};
  QueueFacts facts;
  PendingDeliveries deliveries;

  QueueFixture() { facts.subscription = ref(subscription_of("s-1", {"{urn:a}x"})); }

  QueueScope in() { return {facts, state, clock.now()}; }
  PendingDeliveries::Key add_event(std::uint64_t number, std::uint64_t group = 0) {
    PendingDelivery pending;
    pending.sequence = pending.number = number;
    pending.group = group;
    pending.event = std::make_shared<const Event>(event_of("{urn:a}x", number));
    return deliveries.add(std::move(pending), in());
  }
};

}  // namespace sense::testing

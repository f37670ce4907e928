// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateways/host/engine/engine.hpp"

// Events and subscriptions with as much in them as a test of the host needs.
namespace sense::testing {

using namespace std::chrono_literals;

inline Event event_of(std::string_view type, std::uint64_t sequence = 0) {
  Event event;
  event.id = "e" + std::to_string(sequence);
  event.type = *QName::parse(type);
  event.source = "//test/one";
  event.time = WallTime{std::chrono::seconds{1'700'000'000}};
  event.data = "{}";
  event.sequence = sequence;
  return event;
}

inline EventRef event_ref(std::string_view type, std::uint64_t sequence) {
  return std::make_shared<const Event>(event_of(type, sequence));
}

inline Subscription subscription_of(std::string id, const std::vector<std::string>& types,
                                    std::string callback = "test://one/") {
  Subscription subscription;
  subscription.id = std::move(id);
  subscription.revision = 1;
  subscription.owner = "tester";
  subscription.via = "test";
  for (const auto& type : types) subscription.types.push_back(*TypePattern::parse(type));
  subscription.callback = std::move(callback);
  subscription.state = SubscriptionState::active;
  return subscription;
}

inline SubscriptionRef ref(Subscription subscription) {
  return std::make_shared<const Subscription>(std::move(subscription));
}

}  // namespace sense::testing

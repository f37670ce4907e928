// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "broker/registry/registry.hpp"
#include "tests/broker/ingest_fixture.hpp"

namespace sense {

[[nodiscard]] inline Subscription owned(const std::string& id, const std::string& owner) {
  auto subscription = make_subscription(id);
  subscription.owner = owner;
  return subscription;
}

// A registry with a clock and a sequence that each change takes one of.
struct RegistryFixture {
  explicit RegistryFixture(Registry::Limits limits = {}) : registry(limits) {}

  Result<Registry::Put> put(const RegistryEntry& entry) {
    auto answer = registry.put(entry, "why", {"tester"}, sequence, clock.now());
    if (answer && answer->change) ++sequence;
    return answer;
  }
  Result<Registry::Put> put(const Subscription& subscription, std::uint64_t revision) {
    return put({"subscription", subscription.id, revision, to_json(subscription, true)});
  }
  Result<Registry::Change> remove(const std::string& key, std::uint64_t revision) {
    auto answer =
        registry.remove("subscription", key, revision, "gone", "tester", sequence, clock.now());
    if (answer) ++sequence;
    return answer;
  }
  std::vector<std::string> expire() {
    std::vector<std::string> ended;
    while (auto change = registry.expire_one(sequence, clock.now())) {
      BOOST_CHECK(change->row.entry.value.empty());
      BOOST_REQUIRE(change->event);
      BOOST_CHECK_EQUAL(change->event->type.clark(), "{urn:sense:management}subscription-ended");
      ended.push_back(change->row.entry.key);
      ++sequence;
    }
    return ended;
  }
  [[nodiscard]] Subscription leased(const std::string& id, Duration period) const {
    auto subscription = make_subscription(id);
    subscription.period = period;
    subscription.expires = clock.now().wall + period;
    return subscription;
  }
  [[nodiscard]] Subscription held(const std::string& id) const {
    return *subscription_from_json(registry.get("subscription", id)->value);
  }

  Registry registry;
  VirtualClock clock;
  std::uint64_t sequence = 100;
};

}  // namespace sense

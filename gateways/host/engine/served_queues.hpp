// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateways/host/engine/match_index.hpp"
#include "gateways/host/engine/owners/owner_endpoints.hpp"
#include "gateways/host/engine/queue_table.hpp"

namespace sense {

// The subscriptions that one gateway serves: their queues, and the index that finds those that an
// event may match. Subscriptions that have ended, and whose end notice is pending, have a queue but
// are not found. Pure; one thread.
class ServedQueues : public ServedSubscriptions {
 public:
  [[nodiscard]] SubscriptionRef find(std::string_view id) const override;
  // Ended ones included.
  [[nodiscard]] std::size_t count() const override { return queues_.size(); }
  // Counted by hash: a collision makes it too high.
  [[nodiscard]] std::size_t count_for(std::string_view callback) const override;
  // Counted by hash, too.
  [[nodiscard]] std::size_t count_at(std::string_view address) const override;
  // Callbacks by owner.
  [[nodiscard]] const OwnerEndpoints& endpoints() const { return endpoints_; }
  // The topics to follow on the bus; "{" alone when they would be more than `max` prefixes.
  [[nodiscard]] std::vector<std::string> topic_prefixes(std::size_t max) const {
    return index_.topic_prefixes(max);
  }
  // All that are served, ordered by id.
  [[nodiscard]] std::vector<SubscriptionRef> subscriptions() const;
  // The event deliveries in the backlog of one subscription.
  [[nodiscard]] std::size_t waiting_for(std::string_view id) const;

 protected:
  [[nodiscard]] QueueTable& queues() { return queues_; }
  // REQUIRES: remove_from_index() is called before its subscription changes.
  void add_to_index(const SubscriptionQueue& queue);
  void remove_from_index(const SubscriptionQueue& queue);
  // Handles of all queues that the event may be for, ascending, until the next call. The caller
  // evaluates matches().
  [[nodiscard]] const std::vector<std::uint32_t>& candidates(const Event& event);

 private:
  using HashCounts = std::unordered_map<std::uint64_t, std::uint32_t>;  // hash, how many

  QueueTable queues_;
  MatchIndex index_;
  OwnerEndpoints endpoints_;
  HashCounts addresses_;  // of callbacks and owners
  std::vector<std::uint32_t> candidates_;
};

}  // namespace sense

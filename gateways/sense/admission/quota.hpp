// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/clock.hpp"
#include "core/registry/subscriptions.hpp"
#include "gateways/sense/model/limits.hpp"

namespace sense::datagram {

// Whether one more subscription fits into the limits. Counts subscriptions that are served, being
// created or moved, or created or moved but not yet visible so in the directory (for ten seconds at
// most); without the last two, a burst of requests could exceed the limits. Pure; one thread.
// Memory is bounded by the limits.
class SubscriptionQuota {
 public:
  // Both must outlive this.
  SubscriptionQuota(const Limits& limits, const ServedSubscriptions& directory)
      : limits_(limits), directory_(directory) {}

  // nomoreroom: there are max-subscriptions, or that many at the callback for one client.
  [[nodiscard]] Status admit(const std::string& callback, MonoTime now);
  // As above, for one of the subscriptions that there are.
  [[nodiscard]] Status admit_move(const std::string& callback) const;
  // A creation, or a move to that callback, starts; it ends, with or without success.
  void begin(const std::string& callback);
  void end(const std::string& callback);
  // It ended with success.
  void granted(const std::string& id, const std::string& callback, MonoTime now);
  [[nodiscard]] std::size_t size() const { return under_way_ + recent_.size(); }

 private:
  struct Recent {
    std::string id;
    std::string callback;
    MonoTime since;
  };
  struct Callback {
    std::size_t under_way = 0;
    std::vector<std::string> recent;
  };
  [[nodiscard]] bool is_visible(const std::string& id, const std::string& callback) const;
  void expire(MonoTime now);
  void drop_if_empty(const std::string& callback);

  const Limits& limits_;
  const ServedSubscriptions& directory_;
  std::size_t under_way_ = 0;
  std::deque<Recent> recent_;  // oldest first
  std::unordered_map<std::string, Callback> by_callback_;
};

// Counts per host. A host with count 0 takes no memory. Pure; one thread.
class PerHostCounts {
 public:
  void add(const std::string& host) { ++counts_[host]; }
  void remove(const std::string& host);
  [[nodiscard]] std::size_t count(const std::string& host) const;
  [[nodiscard]] std::size_t hosts() const { return counts_.size(); }

 private:
  std::map<std::string, std::size_t> counts_;
};

}  // namespace sense::datagram

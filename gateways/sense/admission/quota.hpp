// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/clock.hpp"
#include "core/registry/subscriptions.hpp"
#include "gateways/sense/model/limits.hpp"

namespace sense::datagram {

// Whether one more subscription fits into the limits: in all, with a reserve for this machine; at
// its callback; and at each host that receives it or owns it (callback_address), or key. Counts
// subscriptions that are served, being created or moved, or created or moved but not yet visible so
// in the directory (for ten seconds at most); without the last two, a burst of requests could
// exceed the limits. Pure; one thread. Memory is bounded by the limits.
class SubscriptionQuota {
 public:
  // Both must outlive this.
  SubscriptionQuota(const Limits& limits, const ServedSubscriptions& directory)
      : limits_(limits), directory_(directory) {}

  // What a subscription takes room of.
  struct Claim {
    std::string callback;
    std::string owner;
    bool local = false;  // the request came from this machine
  };
  // nomoreroom: there are max-subscriptions, or that many at the callback for one client or host.
  [[nodiscard]] Status admit(const Claim& claim, MonoTime now);
  // As above, for one of the subscriptions that there are.
  [[nodiscard]] Status admit_move(const Claim& claim, const Subscription& moved) const;
  // A creation, or a move to that callback, starts; it ends, with or without success.
  void begin(const Claim& claim);
  void end(const Claim& claim);
  // It ended with success.
  void granted(const std::string& id, const Claim& claim, MonoTime now);
  [[nodiscard]] std::size_t size() const { return under_way_ + recent_.size(); }

 private:
  struct Recent {
    std::string id;
    Claim claim;
    MonoTime since;
  };
  using RecentRef = std::shared_ptr<const Recent>;
  // Of a callback, or of a host.
  struct Use {
    std::size_t under_way = 0;
    std::vector<RecentRef> recent;
  };
  using Uses = std::unordered_map<std::string, Use>;

  // Those that the directory does not count yet.
  [[nodiscard]] std::size_t unseen(const Uses& uses, const std::string& name) const;
  [[nodiscard]] bool is_visible(const Recent& recent) const;
  [[nodiscard]] Status check_callback(const std::string& callback) const;
  [[nodiscard]] Status check_host(const std::string& host) const;
  // Changes the uses of the callback and of the hosts; drops those that are empty then.
  void change(const Claim& claim, const std::function<void(Use&)>& change_one);
  void expire(MonoTime now);

  const Limits& limits_;
  const ServedSubscriptions& directory_;
  std::size_t under_way_ = 0;
  std::deque<RecentRef> recent_;  // oldest first
  Uses callbacks_;
  Uses hosts_;
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

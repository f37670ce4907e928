#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/subscription/subscription.hpp"

namespace sense {

// Which subscriptions may want an event of a type, without looking at all of them. Pure; one
// thread.
class MatchIndex {
 public:
  void add(const Subscription& subscription);
  void remove(const Subscription& subscription);

  // Ids whose type patterns select the type, in ascending order, each once. Sources, since and
  // state are for matches() to decide.
  [[nodiscard]] std::vector<std::string_view> candidates(const QName& type) const;

  // What to subscribe to on the bus for all of them; "{" alone once there are more than `max`.
  [[nodiscard]] std::vector<std::string> topic_prefixes(std::size_t max) const;

 private:
  using Ids = std::set<std::string, std::less<>>;
  using ByName = std::map<std::string, Ids, std::less<>>;

  ByName exact_;         // by type in Clark notation
  ByName in_namespace_;  // by namespace
  Ids any_;
};

}  // namespace sense

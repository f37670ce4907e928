// SPDX-License-Identifier: Apache-2.0
#include "broker/security/subscription_gate.hpp"

#include "core/bus/protocol.hpp"

namespace sense {

namespace {
constexpr char cancel = 0;
constexpr char subscribe = 1;
}  // namespace

bool SubscriptionGate::over_quota(std::string_view topic, std::string_view user_id) {
  if (user_id == principal_local) return false;  // file permissions protect the socket
  auto found = units_.find(user_id);
  if (found == units_.end()) found = units_.emplace(user_id, 0).first;
  found->second += 1 + topic.size() / (bus::subscribed_prefix_max + 1);
  return found->second > units_max_;
}

SubscriptionGate::Verdict SubscriptionGate::judge(std::string_view octets, std::string_view user_id,
                                                  const Rights* rights) {
  const bool known = !octets.empty() && (octets[0] == cancel || octets[0] == subscribe);
  const auto topic = known ? octets.substr(1) : std::string_view();
  if (user_id.empty()) {
    spoilt_ = spoilt_ || added_.contains(topic);
    return Verdict::ignore;
  }
  if (!known) {
    spoilt_ = true;
    return Verdict::foreign;
  }
  if (over_quota(topic, user_id)) return Verdict::excess;
  if (octets[0] == cancel) return spoilt_ ? Verdict::ignore : Verdict::remove;
  if (rights == nullptr || !rights->may_follow(topic)) return Verdict::refuse;
  if (!rights->may_subscribe(topic)) return Verdict::ignore;  // some of these events are fetched
  if (spoilt_) return Verdict::ignore;
  added_.emplace(topic);
  return Verdict::add;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "broker/security/rights.hpp"
#include "core/base/clock.hpp"

namespace sense {

// Checks what the broker's XPUB receives: subscriptions, messages that are none, and libzmq's own
// notifications of a disconnected peer. Pure; one thread.
//
// With ZMQ_XPUB_MANUAL, libzmq 4.3.4 adds a subscription to the connection of the message that was
// read last, by a pointer. The pointer can be wrong in two cases. A message that is no subscription
// consumes the connection of the next one, so that later subscriptions are added to connections of
// other peers. And a peer that has disconnected meanwhile leaves a pointer to freed or reused
// memory; the notification of it is in the queue behind the subscription. Therefore the queue is
// read to its end before sending, and the socket is replaced when either case was met (`spoilt`).
class SubscriptionGate {
 public:
  // What to do with a message.
  enum class Verdict {
    add,      // tell the socket, when it is manual
    remove,   // likewise
    ignore,   // nothing to do
    refuse,   // the rights do not cover it
    excess,   // over the quota
    foreign,  // not a subscription
  };
  explicit SubscriptionGate(std::size_t units_max) : units_max_(units_max) {}

  // Before the queue is read.
  void begin() {
    added_.clear();
    spoilt_ = false;
  }
  // Checks one message. An empty user_id: libzmq's notification. `rights`: of that user; null:
  // none.
  [[nodiscard]] Verdict judge(std::string_view octets, std::string_view user_id,
                              const Rights* rights);
  // After the queue has been read: whether a manual socket must be replaced.
  [[nodiscard]] bool spoilt() const { return spoilt_; }

  // The socket was replaced: there are no subscriptions.
  void forget() {
    units_.clear();
    begin();
  }

 private:
  // Counts the subscriptions of a user since the socket was created, granted or not, in units of
  // 240 octets, since each costs memory. Cancellations count as well, so that they do not evade the
  // quota.
  [[nodiscard]] bool over_quota(std::string_view topic, std::string_view user_id);

  std::size_t units_max_;
  std::map<std::string, std::size_t, std::less<>> units_;
  std::set<std::string, std::less<>> added_;
  bool spoilt_ = false;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "broker/security/rights.hpp"
#include "core/base/clock.hpp"

namespace sense {

// Judges what comes up the broker's XPUB: subscriptions, what peers should not send, and libzmq's
// own notices that a peer has gone. Pure; one thread.
//
// With ZMQ_XPUB_MANUAL, libzmq 4.3.4 adds a subscription to the connection of the message that was
// read last, by a pointer. Two things make it the wrong one. A message that is no subscription
// uses up the connection of the next one, so that what follows is added to others' connections. And
// a peer that has gone meanwhile leaves a pointer to what is freed, or is somebody else's by now.
// The second shows: its notice stands in the queue behind the subscription. So the queue is read to
// its end before anything is sent, and when either was seen the socket is replaced (`spoilt`).
class SubscriptionGate {
 public:
  enum class Verdict {
    add,      // tell the socket, when it is manual
    remove,   // likewise
    ignore,   // nothing to do
    refuse,   // no right to it
    excess,   // over the quota
    foreign,  // what no subscriber sends
  };
  explicit SubscriptionGate(std::size_t units_max) : units_max_(units_max) {}

  // Before the queue is read.
  void begin() {
    added_.clear();
    spoilt_ = false;
  }
  // One message. An empty user_id: libzmq's notice. `rights`: of that user, null when there is
  // none.
  [[nodiscard]] Verdict judge(std::string_view octets, std::string_view user_id,
                              const Rights* rights);
  // After it has been read: whether the socket, when it is manual, can no longer be trusted.
  [[nodiscard]] bool spoilt() const { return spoilt_; }

  // The socket is a new one: nobody has subscribed to anything.
  void forget() {
    units_.clear();
    begin();
  }

 private:
  // What a user has asked for since the socket is there, whether granted or not, each 240 octets or
  // part of them being one: it is what costs memory. Cancelling costs too, so that nobody evades.
  [[nodiscard]] bool over_quota(std::string_view topic, std::string_view user_id);

  std::size_t units_max_;
  std::map<std::string, std::size_t, std::less<>> units_;
  std::set<std::string, std::less<>> added_;
  bool spoilt_ = false;
};

}  // namespace sense

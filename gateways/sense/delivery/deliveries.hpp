// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/base/counters.hpp"
#include "core/egress/policy.hpp"
#include "core/sense/message.hpp"
#include "gateways/sense/delivery/ack_sender.hpp"
#include "gateways/sense/delivery/encoder.hpp"
#include "gateways/sense/delivery/round_trip.hpp"
#include "gateways/sense/model/actions.hpp"
#include "gateways/sense/model/limits.hpp"

namespace sense::datagram {

// Attempts in progress: EVENT, GAP and ENDED datagrams that wait for their acknowledgement. Pure:
// no socket, no clock; one thread. One datagram per attempt; the host counts tries and starts the
// next one. Each attempt_id is finished exactly once.
class Deliveries {
 public:
  // All must outlive this. `seed` is for the jitter only.
  Deliveries(const Limits& limits, const std::vector<Listener>& listeners,
             const ServedSubscriptions& directory, const EgressPolicy& egress,
             const DeliveryEncoder& encoder, Counters& counters, std::uint64_t seed);

  void deliver(AttemptId attempt_id, std::shared_ptr<const Delivery> delivery, Timestamp now,
               Actions& out);
  // `numbers`: those acknowledged; empty: the ENDED. Answers whether an attempt was waiting for it
  // from this sender.
  bool on_ack(std::string_view subscription, const std::vector<NumberRange>& numbers,
              std::string_view tag, const AckSender& from, Timestamp now, Actions& out);
  void on_timer(Timestamp now, Actions& out);
  // May be early, never late.
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // No EVENT or GAP of the subscription is sent from now on; attempts in progress are finished as
  // gone.
  void close(const std::string& subscription, Actions& out);
  // The subscription has ended or changed: closes it, or finishes with retry the attempts to its
  // former address.
  void forget(const std::string& subscription, Actions& out);
  void stop(Actions& out);
  [[nodiscard]] std::size_t in_flight_count() const { return in_flight_count_; }
  [[nodiscard]] std::size_t closed() const { return closed_order_.size(); }

 private:
  struct InFlight {
    AttemptId attempt_id = 0;
    Delivery::Kind kind = Delivery::Kind::event;
    std::uint64_t number = 0;
    std::uint64_t number_last = 0;
    std::uint64_t tag = 0;
    bool first = false;  // first attempt: its round trip is a valid sample
    MonoTime sent;
    MonoTime due;
  };
  // Datagrams in flight to one subscription. Exists as long as the subscription is served, so that
  // its round-trip time is known for the next event.
  struct OutboundQueue {
    std::string_view id;           // of the subscription
    SubscriptionRef subscription;  // the version that `peer` was computed from
    Peer peer;
    bool needs_permission = false;   // ask the egress policy at every attempt
    std::deque<InFlight> in_flight;  // ordered by number
    std::vector<InFlight> ended;     // usually at most one
    RoundTrip round_trip;
    std::optional<MonoTime> timer;  // its entry in timers_
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using OutboundQueues = std::unordered_map<std::string, OutboundQueue, TextHash, std::equal_to<>>;

  [[nodiscard]] Status find_peer(OutboundQueue& queue, const SubscriptionRef& subscription) const;
  [[nodiscard]] bool is_closed(const Delivery& delivery) const;
  Duration wait_for(const Delivery& delivery, const RoundTrip& round_trip);
  void set_timer(OutboundQueue& queue, std::optional<MonoTime> due);
  void finish(const InFlight& entry, Attempt attempt, Actions& out);
  void finish_in_flight(OutboundQueue& queue, const Attempt& attempt, Actions& out);
  void erase(OutboundQueues::iterator queue);
  void remember_closed(const std::string& subscription);

  const Limits& limits_;
  const std::vector<Listener>& listeners_;
  const ServedSubscriptions& directory_;
  const EgressPolicy& egress_;
  const DeliveryEncoder& encoder_;
  Counters::Counter& sent_;
  std::minstd_rand random_;
  std::uint64_t tags_ = 0;

  OutboundQueues queues_;
  std::size_t in_flight_count_ = 0;
  std::set<std::pair<MonoTime, OutboundQueue*>> timers_;  // at most one per queue
  // Recently ended: the replica of the host may not show it yet.
  std::unordered_set<std::string> closed_;
  std::deque<std::string> closed_order_;
};

}  // namespace sense::datagram

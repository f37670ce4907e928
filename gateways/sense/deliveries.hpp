#pragma once

#include <deque>
#include <map>
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
#include "gateways/sense/acknowledger.hpp"
#include "gateways/sense/actions.hpp"
#include "gateways/sense/datagram_writer.hpp"
#include "gateways/sense/limits.hpp"

namespace sense::datagram {

// Attempts under way: EVENT, GAP and ENDED datagrams that wait for their acknowledgement. Pure: no
// socket, no clock. One datagram for each attempt; the host counts tries and asks for the next one.
// Each ticket is finished exactly once.
class Deliveries {
 public:
  // All must outlive this. `seed` is for the jitter only.
  Deliveries(const Limits& limits, const std::vector<Listener>& listeners,
             const Subscriptions& directory, const EgressPolicy& egress,
             const DatagramWriter& writer, Counters& counters, std::uint64_t seed);

  void deliver(Ticket ticket, std::shared_ptr<const Delivery> delivery, Now now, Actions& out);
  // Numbers acknowledged; none: that of ENDED. Whether anything waited for it, from there.
  bool on_ack(std::string_view subscription, const std::vector<NumberRange>& numbers,
              std::string_view tag, const Acknowledger& from, Actions& out);
  void on_timer(Now now, Actions& out);
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // No EVENT or GAP of it is sent from now on; what waits is finished as gone.
  void close(const std::string& subscription, Actions& out);
  // It has ended or changed: closes it, or finishes with retry what waits for another address.
  void forget(const std::string& subscription, Actions& out);
  void stop(Actions& out);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t closed() const { return closed_order_.size(); }

 private:
  struct Waiting {
    std::shared_ptr<const Delivery> delivery;
    Endpoint address;
    std::string tag;
    MonoTime due;
  };
  [[nodiscard]] Result<Peer> where_to(const Subscription& subscription) const;
  [[nodiscard]] bool refuses(const Delivery& delivery) const;
  Duration wait_for(const Delivery& delivery);
  void finish(Ticket ticket, Attempt attempt, Actions& out);
  void finish_all(const std::string& subscription, const Attempt& attempt, bool events_only,
                  Actions& out);
  void remember_closed(const std::string& subscription);

  const Limits& limits_;
  const std::vector<Listener>& listeners_;
  const Subscriptions& directory_;
  const EgressPolicy& egress_;
  const DatagramWriter& writer_;
  Counters::Counter& sent_;
  std::minstd_rand random_;
  std::uint64_t tags_ = 0;

  std::unordered_map<Ticket, Waiting> waiting_;
  std::map<std::string, std::vector<Ticket>, std::less<>> by_subscription_;
  std::set<std::pair<MonoTime, Ticket>> due_;
  // Ended a moment ago: the host's replica may not know it yet.
  std::unordered_set<std::string> closed_;
  std::deque<std::string> closed_order_;
};

}  // namespace sense::datagram

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense {

// Schedules transfers: pure, without I/O, clocks or threads. Endpoints take turns. An endpoint that
// has answered is proven and may have many transfers in flight; a new one starts with a few; one
// whose last attempt was not answered has one at a time. Endpoints that are not proven share half
// of the transfers in flight.
class TransferQueue {
 public:
  using Id = std::uint64_t;
  struct Limits {
    std::size_t in_flight = 512;
    std::size_t in_flight_per_endpoint = 64;
    std::size_t waiting_per_endpoint = 4096;
    std::size_t idle_endpoints = 10'000;  // kept without transfers
    Duration waiting = std::chrono::seconds{30};
  };
  static constexpr std::size_t first_limit = 4;

  explicit TransferQueue(Limits limits) : limits_(limits) {}

  // Fails with nomoreroom when too many wait for this endpoint. REQUIRES: ids are unique.
  [[nodiscard]] Status push(Id id, const std::string& endpoint, MonoTime now);
  // The next transfer to start; it counts as in flight until finished().
  [[nodiscard]] std::optional<Id> next();
  // `answered`: the endpoint sent any reply.
  void finished(const std::string& endpoint, bool answered);
  // Whether the last attempt at the endpoint got no reply: what is kept open to it may be dead.
  [[nodiscard]] bool unanswered(const std::string& endpoint) const;
  // Removes and returns transfers that have waited too long.
  [[nodiscard]] std::vector<Id> expire(MonoTime now);
  // Removes and returns all waiting transfers.
  [[nodiscard]] std::vector<Id> clear();

  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t endpoints() const { return endpoints_.size(); }

 private:
  struct Waiting {
    Id id;
    MonoTime since;
  };
  struct Endpoint {
    std::deque<Waiting> waiting;
    std::size_t in_flight = 0;
    std::size_t limit = first_limit;
    bool proven = false;
    bool in_turn = false;  // is in turn_
  };
  using Entry = std::unordered_map<std::string, Endpoint>::value_type;

  void enter_turn(Entry& entry);
  void forget_idle(Entry& entry);
  [[nodiscard]] bool may_begin(const Endpoint& endpoint) const;

  Limits limits_;
  std::unordered_map<std::string, Endpoint> endpoints_;
  std::deque<Entry*> turn_;  // endpoints with waiting transfers and below their limit
  std::size_t in_flight_ = 0;
  std::size_t unproven_in_flight_ = 0;
};

}  // namespace sense

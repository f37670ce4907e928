// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"

namespace sense::bus {

// The queue of events to the broker: put by any thread, taken by one thread as whole PUBLISH
// requests. Waiting events form batches that are encoded while they wait, so that an event's octets
// are copied once. Bounded by events and by their encoded octets.
class PublishQueue {
 public:
  static constexpr std::size_t batch_events_max = 2'000;
  static constexpr std::size_t batch_octets_max = 1024 * 1024;

  // One PUBLISH.
  struct Batch {
    std::uint64_t id = 0;
    std::shared_ptr<const std::string> request;  // encoded
    std::vector<Publisher::Done> done;           // one for each event, in order
  };

  // `process`: as BusOptions::process.
  PublishQueue(std::size_t events_max, std::size_t octets_max, std::string process = {})
      : events_max_(events_max), octets_max_(octets_max), process_(std::move(process)) {}

  // REQUIRES: validate(event) succeeded. `accepted` is false when the queue is full; `done` is then
  // unchanged. `first`: the queue was empty, and the taking thread must be woken.
  struct Put {
    bool accepted = false;
    bool first = false;
  };
  // `client`: whom it is for, if not for the connection itself.
  [[nodiscard]] Put put(const Event& event, Publisher::Done& done, const ServedClient& client = {});
  // The oldest waiting events, as the request with that id. They count as queued until settle().
  [[nodiscard]] std::optional<Batch> take(std::uint64_t id);
  void settle(const Batch& batch);
  // The number of events accepted and not settled.
  [[nodiscard]] std::size_t events() const;

 private:
  struct Filling {
    std::string octets;
    std::vector<Publisher::Done> done;
  };
  [[nodiscard]] std::string header(std::uint64_t id, std::size_t count) const;
  [[nodiscard]] std::string end() const;

  const std::size_t events_max_;
  const std::size_t octets_max_;
  const std::string process_;
  mutable std::mutex mutex_;
  std::deque<Filling> filling_;
  std::size_t events_ = 0;
  std::size_t octets_ = 0;
};

}  // namespace sense::bus

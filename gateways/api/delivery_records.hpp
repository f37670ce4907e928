// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateways/api/gateway.hpp"

namespace sense {

// One attempt at a delivery, as the host remembers it for a while. A value.
struct AttemptRecord {
  std::uint64_t id = 0;  // 1, 2, 3 ... in this process
  WallTime time;         // when it began
  std::uint64_t number = 0;
  std::uint64_t number_last = 0;  // of a gap, of a digest
  std::string event;              // the id of the event, as it was delivered
  std::uint32_t attempt = 1;      // of this delivery
  Attempt::Outcome outcome = Attempt::Outcome::retry;
  unsigned status = 0;  // as Attempt::status
  Duration duration{};
  std::string answer;  // its first KiB, printable, without secrets
};

// A delivery that was given up and is kept. A value.
struct DeadLetterRecord {
  std::int64_t id = 0;
  WallTime time;  // when it was given up
  std::uint64_t number = 0;
  std::uint64_t sequence = 0;  // of its event, in the journal
  std::uint32_t attempts = 0;
  std::string reason;
  std::string answer;  // as above
};

// How late events came: from their acceptance by the broker to the acknowledgement of their
// delivery, since this process began to serve the subscription. A value.
struct Lateness {
  std::uint64_t count = 0;  // of events
  Duration mean{};
  Duration p99{};  // 99 of 100 came within this; up to twice as much as the smallest such span
  Duration max{};
  std::uint64_t over = 0;  // came later than max-latency
};

// What the host keeps about the deliveries of the subscriptions that it serves. A plugin shows them
// to the owner of the subscription alone, which it has checked. Reactor thread only; owned by the
// host.
class DeliveryRecords {
 public:
  template <class Record>
  struct Page {
    std::vector<Record> records;  // by id
    bool more = false;
  };
  static constexpr std::size_t orders_max = 100;
  // How many orders were given.
  using Ordered = std::function<void(Result<std::size_t>)>;

  virtual ~DeliveryRecords() = default;

  // The last attempts with an id behind `after`, from this process's memory.
  [[nodiscard]] virtual Page<AttemptRecord> attempts(std::string_view subscription,
                                                     std::uint64_t after,
                                                     std::size_t limit) const = 0;
  // All 0 while nothing was delivered.
  [[nodiscard]] virtual Lateness lateness(std::string_view subscription) const = 0;
  // Dead letters with an id behind `after`, as of the last checkpoint. Reads the store.
  [[nodiscard]] virtual Result<Page<DeadLetterRecord>> dead_letters(std::string_view subscription,
                                                                    std::int64_t after,
                                                                    std::size_t limit) = 0;
  // Orders that these dead letters of the subscription, without ids all of them, are delivered
  // again; answered when the orders are durable. Fails with notfound, and orders nothing, when one
  // is none of this subscription, with nomoreroom for more than orders_max.
  virtual void redrive(const std::string& subscription, const std::vector<std::int64_t>& ids,
                       Ordered done) = 0;
};

}  // namespace sense

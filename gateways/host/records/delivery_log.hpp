// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <string_view>

#include "core/base/counters.hpp"
#include "gateways/api/delivery_records.hpp"

namespace sense {

// The last attempts of each subscription, in memory: bounded for one subscription, and in all,
// where the oldest give way. Lost when the process ends. Pure; one thread.
class DeliveryLog {
 public:
  struct Limits {
    std::size_t attempts = 50;              // of one subscription; 0: none is kept
    std::size_t octets = 16 * 1024 * 1024;  // of all, as estimated
  };
  // `dropped`: counts those that gave way although their subscription has room.
  DeliveryLog(Limits limits, Counters::Counter& dropped) : limits_(limits), dropped_(dropped) {}

  // `record` gets its id, and its answer its form: see shown_answer().
  void add(const Subscription& subscription, AttemptRecord record);
  [[nodiscard]] DeliveryRecords::Page<AttemptRecord> page(std::string_view subscription,
                                                          std::uint64_t after,
                                                          std::size_t limit) const;
  void forget(std::string_view subscription);
  [[nodiscard]] std::size_t octets() const { return octets_; }
  [[nodiscard]] bool keeps() const { return limits_.attempts != 0; }

 private:
  struct Entry {
    std::string subscription;
    AttemptRecord record;
  };
  using Entries = std::list<Entry>;  // by id
  using Own = std::deque<Entries::iterator>;

  [[nodiscard]] static std::size_t octets_of(const Entry& entry);
  void drop_first(std::map<std::string, Own, std::less<>>::iterator own);

  const Limits limits_;
  Counters::Counter& dropped_;
  Entries entries_;
  std::map<std::string, Own, std::less<>> by_subscription_;  // none is empty
  std::size_t octets_ = 0;
  std::uint64_t last_id_ = 0;
};

// An answer as its subscription's owner may see it: one printable line of at most a KiB, in which
// what looks like a credential, and the query of the callback, is ***.
[[nodiscard]] std::string shown_answer(std::string_view answer, std::string_view callback);

}  // namespace sense

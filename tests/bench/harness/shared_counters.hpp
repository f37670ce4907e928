// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/harness/workload.hpp"

namespace sense::bench {

// CLOCK_MONOTONIC, the same in all processes of a machine.
[[nodiscard]] std::int64_t now_ns();

// Written by one subscriber's process; in cache lines of its own.
struct alignas(128) ReceiverSlot {
  std::atomic<bool> ready = false;
  std::atomic<std::uint64_t> received = 0;
  std::atomic<std::int64_t> last_ns = 0;
};

// Memory that the processes of one system share; made before they are forked, and unmapped with the
// last of them. Counting here costs the measured path no message.
class SharedCounters {
 public:
  explicit SharedCounters(const Workload& workload);
  ~SharedCounters();
  SharedCounters(const SharedCounters&) = delete;
  SharedCounters& operator=(const SharedCounters&) = delete;

  struct Shared {
    std::atomic<bool> started = false;
    std::atomic<std::int64_t> first_ns = 0;
    alignas(128) std::atomic<std::uint64_t> acknowledged = 0;
    std::atomic<std::int64_t> acknowledged_ns = 0;
    // The last one belongs to the replay.
    std::array<ReceiverSlot, Workload::subscribers_max + 1> receivers;
  };
  Shared& operator*() const { return *shared_; }
  Shared* operator->() const { return shared_; }

  // One for each event of a latency workload, in units of sample_ns; 0 when it did not arrive.
  static constexpr std::int64_t sample_ns = 100;
  [[nodiscard]] std::uint32_t* samples() const { return samples_; }

  [[nodiscard]] bool ready(unsigned subscribers) const;
  // Grows with every event received or acknowledged.
  [[nodiscard]] std::uint64_t progress() const;

 private:
  std::size_t length_;
  Shared* shared_;
  std::uint32_t* samples_;
};

// The publisher's side of the clock. One thread, but acknowledged().
class Sender {
 public:
  Sender(const Workload& workload, SharedCounters& counters);

  // Sends probes, again and again, until all subscribers are there and the start is given.
  void warm_up(const std::function<void(std::string_view)>& send);
  // The data of the next event, good until the next call; nothing when all have been sent. In an
  // open loop it waits until the event is due.
  [[nodiscard]] std::optional<std::string_view> next();
  void acknowledged(std::uint64_t count = 1);  // any one thread

 private:
  const Workload workload_;
  SharedCounters& counters_;
  std::string data_;
  std::uint64_t sent_ = 0;
};

// A subscriber's side. One thread.
class Receiver {
 public:
  Receiver(const Workload& workload, SharedCounters& counters, unsigned index);
  // The data of each message that arrives, probes too.
  void take(std::string_view data);
  // A message whose data is not read; one before the start is a probe.
  void take_unread();
  [[nodiscard]] unsigned index() const { return index_; }

 private:
  const Workload workload_;
  const unsigned index_;
  std::uint32_t* samples_;  // of the first subscriber
  const std::atomic<bool>& started_;
  ReceiverSlot& slot_;
  std::uint64_t received_ = 0;
};

}  // namespace sense::bench

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

// Benchmarks. A *system under test* is SENSE or one of its peers: a program that takes a workload
// as words KEY=VALUE, runs it once with a server and clients of its own, and prints the outcome as
// one line.
namespace sense::bench {

// What a system under test has to do. A plain value.
struct Workload {
  static constexpr std::size_t octets_min = 16;  // when it was sent, and which one it is
  static constexpr std::size_t octets_max = 1024 * 1024;
  static constexpr std::uint64_t events_max = 1'000'000'000;
  static constexpr unsigned subscribers_max = 64;

  enum class Kind {
    throughput,  // one publisher flat out, every event to every subscriber
    sync,        // one publisher with one event outstanding
    latency,     // open loop: each event leaves at its time, whatever became of those before
    // Throughput while the second subscriber is stopped; it goes on; then all is read again. The
    // first two follow; the others only receive, and what they miss is not counted.
    stalled,
  };

  static constexpr unsigned stalled_subscriber = 1;

  // How SENSE's clients reach it. The documented way between machines is the last.
  enum class Transport { ipc, tcp, curve };
  // Who receives at SENSE: a program that follows the bus, or a client of a gateway's.
  enum class Receiver { follower, gateway };

  Kind kind = Kind::throughput;
  std::uint64_t events = 100'000;
  std::size_t octets = 256;  // of data, in each event
  unsigned subscribers = 1;  // each a process of its own
  std::uint64_t rate = 0;    // events a second; latency only
  unsigned stopped = 0;      // the last so many of the subscribers, in a latency workload
  Transport transport = Transport::ipc;
  Receiver receiver = Receiver::follower;
  std::string folder = ".";  // where the server keeps its data, in a folder of its own
};

// How many of the subscribers must get every event.
[[nodiscard]] unsigned followers(const Workload& workload);
[[nodiscard]] std::string_view name_of(Workload::Transport transport);
[[nodiscard]] Result<Workload::Transport> parse_transport(std::string_view text);

[[nodiscard]] std::vector<std::string> to_words(const Workload& workload);
// A key that is not given keeps its default.
[[nodiscard]] Result<Workload> parse_workload(const std::vector<std::string>& words);

// The result of a workload. A plain value.
struct Outcome {
  std::string absent;              // why it cannot be measured here; nothing else counts then
  double seconds = 0;              // first publish to last event received and last acknowledgement
  std::uint64_t acknowledged = 0;  // 0 where nothing is
  std::vector<std::uint64_t> received;  // by each that must get every event
  std::vector<std::uint64_t> missed;    // by each of the others, which only receive
  double p50 = 0;  // latency in milliseconds, from the time it should have left
  double p99 = 0;
  double server_rss = 0;      // MiB: the most that the server had in memory
  double replay_seconds = 0;  // stalled only
};

[[nodiscard]] std::string to_json(const Outcome& outcome);
[[nodiscard]] Result<Outcome> parse_outcome(std::string_view line);

// Events that did not arrive, all subscribers together.
[[nodiscard]] std::uint64_t lost(const Workload& workload, const Outcome& outcome);

}  // namespace sense::bench

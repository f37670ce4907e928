// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/bench/harness/children.hpp"
#include "tests/bench/harness/shared_counters.hpp"
#include "tests/bench/harness/workload.hpp"

namespace sense::bench {

// SENSE or a peer: how its server starts, how a client publishes and how one subscribes. The rest
// is the same for all. Everything runs in a folder of the system's own, which is removed at the
// end.
class SystemUnderTest {
 public:
  virtual ~SystemUnderTest() = default;

  // Starts the server; it answers, or soon will, when this returns. In a process that has one
  // thread and keeps it. Answers the server's process.
  [[nodiscard]] virtual Result<pid_t> start(const Workload& workload, Children& children) = 0;
  // In a process of its own: sender.warm_up(), then every sender.next(); returns when all that is
  // acknowledged has been.
  [[nodiscard]] virtual Status publish(const Workload& workload, Sender& sender) = 0;
  // In a process of its own: receiver.take() for every message, until the process is killed.
  [[nodiscard]] virtual Status subscribe(const Workload& workload, Receiver& receiver) = 0;
  // An event that has not been received when none was received for that long is lost.
  [[nodiscard]] virtual Duration patience() const { return std::chrono::seconds{5}; }
  // Why it cannot take part in this at all; empty: it can.
  [[nodiscard]] virtual std::string absent(const Workload&) { return {}; }
};

// Does the workload once.
[[nodiscard]] Result<Outcome> run(const Workload& workload, SystemUnderTest& system);

// The whole of a system's main(): reads the workload, prints the outcome, answers the exit
// code.
[[nodiscard]] int run_system(const std::vector<std::string>& words, SystemUnderTest& system);

// A TCP port of 127.0.0.1 that was free just now.
[[nodiscard]] Result<std::uint16_t> free_port();
// Waits until the port is open, ten seconds at most.
[[nodiscard]] Status await_port(Children& children, std::uint16_t port);

}  // namespace sense::bench

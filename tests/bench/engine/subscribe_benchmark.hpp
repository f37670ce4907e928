// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/error.hpp"

namespace sense::bench {

// How subscriptions are to be created. A plain value.
struct SubscribeBenchmark {
  unsigned count = 1000;
  unsigned at_once = 1;     // clients, each with a connection and one subscription under way
  bool remembered = false;  // one callback for all, which agreed before; else each is asked
  std::string data = ".";   // on a disk
  std::string plugins;      // empty: those beside the executable
};

// From the request to create a subscription until it is effective: verified, in the journal and
// seen by its followers, so that the next event is delivered.
struct SubscribeOutcome {
  double p50 = 0;   // milliseconds
  double p99 = 0;   // milliseconds
  double rate = 0;  // a second
};

// Creates subscriptions by HTTP, at a broker and an HTTP gateway that it starts in a folder of
// their own below `data`, with callbacks at a server of its own. Fails when a subscription is
// refused, and when one does not get the event that it has to. In a process that has one thread,
// and none when it is done; looks for SIGINT and SIGTERM itself.
[[nodiscard]] Result<SubscribeOutcome> run_subscribe_benchmark(const SubscribeBenchmark& benchmark);

}  // namespace sense::bench

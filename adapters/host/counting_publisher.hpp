// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include "core/admin/metrics.hpp"
#include "core/base/counters.hpp"
#include "core/bus/bus.hpp"

namespace sense {

// Wraps a publisher: counts events, their outcomes and those that wait for an answer. publish() and
// waiting() on any thread, when_idle() on the one that answers run on, once no thread publishes any
// more. The wrapped publisher and the counters must outlive the last answer; this need not.
class CountingPublisher final : public Publisher {
 public:
  // From publish() to the answer, by outcome.
  struct Times {
    Histogram stored;
    Histogram duplicate;
    Histogram refused;
  };
  CountingPublisher(Publisher& publisher, Counters& counters, Times times = {})
      : publisher_(publisher), counters_(counters), times_(times) {}

  void publish(const Event& event, Done done) override;
  // Events that were published and not yet answered.
  [[nodiscard]] std::size_t waiting() const { return state_->waiting; }
  // Calls `task` once nothing waits for an answer: at once, or behind the last answer.
  void when_idle(std::function<void()> task);

 private:
  struct State {
    std::atomic<std::size_t> waiting = 0;
    std::function<void()> on_idle;
  };
  Publisher& publisher_;
  Counters& counters_;
  const Times times_;
  // Shared with the answers, which may be destroyed uncalled when the process ends.
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace sense

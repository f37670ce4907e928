// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>

#include "core/base/counters.hpp"
#include "core/bus/bus.hpp"

namespace sense {

// Wraps a publisher: counts events, their outcomes and those that wait for an answer. publish() and
// waiting() on any thread, when_idle() on the one that answers run on, once no thread publishes any
// more. The wrapped publisher and the counters must outlive the last answer; this need not.
class CountingPublisher final : public Publisher {
 public:
  CountingPublisher(Publisher& publisher, Counters& counters)
      : publisher_(publisher), counters_(counters) {}

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
  // Shared with the answers, which may be destroyed uncalled when the process ends.
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace sense

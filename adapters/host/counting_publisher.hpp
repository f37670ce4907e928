// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "core/base/counters.hpp"
#include "core/bus/bus.hpp"

namespace sense {

// Wraps a publisher and counts events, their outcomes and those that wait for an answer. Any
// thread; the wrapped publisher and the counters must outlive the last answer.
class CountingPublisher final : public Publisher {
 public:
  CountingPublisher(Publisher& publisher, Counters& counters)
      : publisher_(publisher), counters_(counters) {}

  void publish(const Event& event, Done done) override;
  // Events that were published and not yet answered.
  [[nodiscard]] std::size_t waiting() const { return *waiting_; }

 private:
  Publisher& publisher_;
  Counters& counters_;
  // Shared with the answers, which may be destroyed uncalled when the process ends.
  std::shared_ptr<std::atomic<std::size_t>> waiting_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace sense

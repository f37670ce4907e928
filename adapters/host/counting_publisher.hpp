// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "core/base/counters.hpp"
#include "core/bus/bus.hpp"

namespace sense {

// A publisher in front of another that counts what goes through and what waits for its answer. Any
// thread; the publisher behind it and the counters must outlive the last answer.
class CountingPublisher final : public Publisher {
 public:
  CountingPublisher(Publisher& publisher, Counters& counters)
      : publisher_(publisher), counters_(counters) {}

  void publish(const Event& event, Done done) override;
  // Events that were taken and not yet answered.
  [[nodiscard]] std::size_t waiting() const { return *waiting_; }

 private:
  Publisher& publisher_;
  Counters& counters_;
  // Shared with the answers, which may be dropped uncalled at the very end.
  std::shared_ptr<std::atomic<std::size_t>> waiting_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace sense

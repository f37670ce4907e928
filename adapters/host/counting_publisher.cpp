// SPDX-License-Identifier: Apache-2.0
#include "adapters/host/counting_publisher.hpp"

namespace sense {

void CountingPublisher::publish(const Event& event, Done done) {
  ++counters_["adapter.events.accepted"];
  ++*waiting_;
  publisher_.publish(event, [&counters = counters_, waiting = waiting_,
                             done = std::move(done)](Result<Receipt> result) {
    --*waiting;
    const char* outcome = !result             ? "adapter.events.refused"
                          : result->duplicate ? "adapter.events.duplicate"
                                              : "adapter.events.stored";
    ++counters[outcome];
    done(std::move(result));
  });
}

}  // namespace sense

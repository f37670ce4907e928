// SPDX-License-Identifier: Apache-2.0
#include "adapters/host/counting_publisher.hpp"

#include <utility>

namespace sense {

void CountingPublisher::publish(const Event& event, Done done) {
  ++counters_["adapter.events.accepted"];
  ++state_->waiting;
  publisher_.publish(event, [&counters = counters_, state = state_, times = times_,
                             begun = mono_now(), done = std::move(done)](Result<Receipt> result) {
    const char* outcome = !result             ? "adapter.events.refused"
                          : result->duplicate ? "adapter.events.duplicate"
                                              : "adapter.events.stored";
    ++counters[outcome];
    const auto& time = !result ? times.refused : result->duplicate ? times.duplicate : times.stored;
    time.observe(mono_now() - begun);
    done(std::move(result));
    if (--state->waiting == 0 && state->on_idle) std::exchange(state->on_idle, nullptr)();
  });
}

void CountingPublisher::when_idle(std::function<void()> task) {
  if (waiting() == 0) return task();
  state_->on_idle = std::move(task);
}

}  // namespace sense

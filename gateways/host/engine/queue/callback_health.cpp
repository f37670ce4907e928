// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue/callback_health.hpp"

#include <algorithm>

namespace sense {

bool CallbackHealth::on_response() {
  failures_ = 0;
  if (!suspended()) return false;
  suspension_ = Suspension::resumed;
  return true;
}

bool CallbackHealth::on_failure(const SparseOptions& options, const QueueDefaults& defaults,
                                MonoTime now) {
  if (failures_++ == 0) failing_since_ = now;
  const auto after = options.suspend_after.value_or(defaults.suspend_after);
  const auto over = options.suspend_over.value_or(defaults.suspend_over);
  return after != 0 && failures_ >= after && now - failing_since_ >= over && !suspended();
}

void CallbackHealth::suspend(const QueueDefaults& defaults, MonoTime now) {
  suspension_ = Suspension::suspended;
  probe_pause_ = defaults.probe_first;
  next_probe_ = now + probe_pause_;
}

void CallbackHealth::reset() {
  suspension_ = Suspension::none;
  failures_ = 0;
}

void CallbackHealth::on_attempt(const QueueDefaults& defaults, MonoTime now) {
  if (!suspended()) return;
  next_probe_ = now + probe_pause_;
  probe_pause_ = std::min(probe_pause_ * 2, defaults.probe_max);
}

}  // namespace sense

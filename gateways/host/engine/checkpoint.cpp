// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/checkpoint.hpp"

#include <algorithm>

#include "gateways/host/engine/queue/retry_schedule.hpp"

namespace sense {

namespace {

// The longest interval that may span a restart.
constexpr Duration past_max = std::chrono::days{31};

}  // namespace

SavedDelivery to_saved(const std::string& subscription, const PendingDelivery& pending,
                       Timestamp now) {
  SavedDelivery saved;
  saved.subscription = subscription;
  saved.kind = pending.kind;
  saved.number = pending.number;
  saved.number_last = pending.number_last;
  saved.sequence = pending.sequence;
  saved.attempts = pending.attempts;
  saved.due = now.wall;
  if (pending.stage == PendingDelivery::Stage::collecting)
    saved.due = now.wall - (now.mono - pending.due);
  if (pending.attempts > 0) {
    saved.due = now.wall + std::max(Duration{0}, pending.due - now.mono);
    saved.first = now.wall - (now.mono - pending.first);
  }
  if (pending.expires != WallTime::max()) saved.expires = pending.expires;
  saved.reason = pending.details->reason;
  saved.group = pending.group;
  saved.window = pending.window;
  saved.octets = pending.octets;
  saved.not_before = pending.not_before;
  return saved;
}

PendingDelivery to_pending(SavedDelivery saved, Timestamp now) {
  PendingDelivery pending;
  pending.kind = saved.kind;
  pending.number = saved.number;
  pending.number_last = saved.number_last;
  pending.sequence = saved.sequence;
  pending.attempts = saved.attempts;
  pending.due =
      now.mono + std::clamp(Duration{saved.due - now.wall}, -past_max, RetrySchedule::pause_max);
  pending.first = now.mono + std::clamp(Duration{saved.first - now.wall}, -past_max, Duration{0});
  if (saved.expires) pending.expires = *saved.expires;
  if (!saved.reason.empty()) pending.details.edit().reason = std::move(saved.reason);
  pending.group = saved.group;
  pending.window = saved.window;
  pending.octets = saved.octets;
  pending.not_before = saved.not_before;
  pending.marks.saved = pending.marks.event_saved = true;
  return pending;
}

}  // namespace sense

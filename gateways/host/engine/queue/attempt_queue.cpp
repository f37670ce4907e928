// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue/attempt_queue.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "gateways/host/engine/queue/queue_defaults.hpp"

namespace sense {

namespace {

std::uint64_t pop_first(std::set<std::pair<MonoTime, std::uint64_t>>& timed) {
  return timed.extract(timed.begin()).value().second;
}

}  // namespace

std::optional<AttemptQueue::Key> AttemptQueue::next_released(MonoTime now) {
  if (held_.empty() || held_.begin()->first > now) return std::nullopt;
  return pop_first(held_);
}

std::vector<AttemptQueue::Key> AttemptQueue::retry_all(MonoTime now) {
  std::vector<Key> keys;
  Timed due;
  for (const auto& [time, key] : retries_) {
    keys.push_back(key);
    due.emplace(now, key);
  }
  retries_ = std::move(due);
  return keys;
}

bool AttemptQueue::fresh_waits(const Limits& limits) const {
  return head_ == fresh_.size() ||
         (!limits.probing &&
          retries_.size() >= std::size_t{limits.window} * QueueDefaults::retrying_windows);
}

std::optional<AttemptQueue::Key> AttemptQueue::next(const Limits& limits, MonoTime now) {
  if (in_flight_ >= limits.window || next_attempt_ > now) return std::nullopt;
  if (limits.probing) {
    if (in_flight_ > 0 || limits.next_probe > now) return std::nullopt;
    if (!retries_.empty()) return pop_first(retries_);
    return fresh_waits(limits) ? std::nullopt : std::optional(pop_fresh());
  }
  if (!retries_.empty() && retries_.begin()->first <= now) return pop_first(retries_);
  if (fresh_waits(limits) || limits.fresh_from > now) return std::nullopt;
  return pop_fresh();
}

std::optional<MonoTime> AttemptQueue::next_due(const Limits& limits, MonoTime now) const {
  if (in_flight_ >= limits.window) return std::nullopt;
  const bool no_fresh = fresh_waits(limits);
  if (no_fresh && retries_.empty()) return std::nullopt;
  if (limits.probing) {
    if (in_flight_ > 0) return std::nullopt;
    return std::max(limits.next_probe, next_attempt_);
  }
  auto due = MonoTime::max();
  if (!retries_.empty()) due = retries_.begin()->first;
  if (!no_fresh) due = std::min(due, std::max(limits.fresh_from, now));
  return std::max(due, next_attempt_);
}

std::optional<MonoTime> AttemptQueue::next_release() const {
  if (held_.empty()) return std::nullopt;
  return held_.begin()->first;
}

void AttemptQueue::begin(std::optional<std::uint32_t> rate, MonoTime now) {
  ++in_flight_;
  if (rate)
    next_attempt_ = std::max(next_attempt_, now) + Duration{std::chrono::seconds{1}} / *rate;
}

void AttemptQueue::end() {
  SENSE_CHECK(in_flight_ > 0);
  --in_flight_;
}

std::optional<AttemptQueue::Key> AttemptQueue::first_fresh() const {
  if (head_ == fresh_.size()) return std::nullopt;
  return fresh_[head_];
}

std::optional<AttemptQueue::Key> AttemptQueue::last_fresh() const {
  if (head_ == fresh_.size()) return std::nullopt;
  return fresh_.back();
}

AttemptQueue::Key AttemptQueue::pop_fresh() {
  const auto key = fresh_[head_++];
  if (head_ < fresh_.size() && head_ < compact_after) return key;
  fresh_.erase(fresh_.begin(), fresh_.begin() + static_cast<std::ptrdiff_t>(head_));
  head_ = 0;
  return key;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/schedule.hpp"

#include <algorithm>
#include <limits>

namespace sense::http_poll {

Duration pause_after(Duration interval, unsigned failures, std::optional<Duration> wanted,
                     const PollBounds& bounds, std::mt19937_64& random) {
  auto pause = interval;
  // Doubled one by one: it reaches the bound after a few dozen at most.
  for (unsigned i = 0; i < failures && pause < bounds.max; ++i) pause *= 2;
  pause = std::min(pause, bounds.max);
  if (failures != 0) {
    const auto half = static_cast<std::uint64_t>(pause.count()) / 2;
    pause -= Duration{static_cast<std::int64_t>(random() % (half + 1))};
  }
  return std::clamp(std::max({pause, interval, wanted.value_or(Duration{})}), bounds.min,
                    bounds.max);
}

PollQueue::PollQueue(std::vector<Entry> resources, Limits limits, PollBounds bounds,
                     std::uint64_t seed, MonoTime now)
    : resources_(std::move(resources)),
      limits_(limits),
      bounds_(bounds),
      random_(seed),
      failures_(resources_.size()) {
  for (std::size_t i = 0; i < resources_.size(); ++i) due_.emplace(now, i);
}

std::vector<std::size_t> PollQueue::begin(MonoTime now) {
  std::vector<std::size_t> begun;
  for (auto at = due_.begin(); at != due_.end() && at->first <= now && asked_ < limits_.at_once;) {
    auto& of_server = asked_of_[resources_[at->second].server];
    if (of_server >= limits_.at_once_per_server) {
      ++at;
      continue;
    }
    ++of_server;
    ++asked_;
    begun.push_back(at->second);
    at = due_.erase(at);
  }
  return begun;
}

void PollQueue::succeeded(std::size_t resource, std::optional<Duration> wanted, MonoTime now) {
  failures_[resource] = 0;
  finish(resource, wanted, now);
}

void PollQueue::failed(std::size_t resource, std::optional<Duration> wanted, MonoTime now) {
  ++failures_[resource];
  finish(resource, wanted, now);
}

void PollQueue::finish(std::size_t resource, std::optional<Duration> wanted, MonoTime now) {
  const auto& entry = resources_[resource];
  --asked_;
  --asked_of_[entry.server];
  due_.emplace(now + pause_after(entry.interval, failures_[resource], wanted, bounds_, random_),
               resource);
}

std::optional<MonoTime> PollQueue::next_after(MonoTime now) const {
  const auto next = due_.upper_bound({now, std::numeric_limits<std::size_t>::max()});
  if (next == due_.end()) return std::nullopt;
  return next->first;
}

}  // namespace sense::http_poll

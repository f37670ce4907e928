// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/records/lateness_table.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace sense {

void LatenessTable::add(const Subscription& subscription, Duration late) {
  auto found = measured_.find(subscription.id);
  if (found == measured_.end() && measured_.size() >= subscriptions_max) {
    ++dropped_;
    return;
  }
  if (found == measured_.end()) found = measured_.emplace(subscription.id, Measured{}).first;
  auto& measured = found->second;
  late = std::max(late, Duration{0});
  const auto milliseconds = static_cast<std::uint64_t>(late / std::chrono::milliseconds{1});
  const auto step = std::min<std::size_t>(std::bit_width(milliseconds), steps - 1);
  ++measured.count;
  measured.sum += late;
  measured.max = std::max(measured.max, late);
  if (const auto most = subscription.delivery.sparse->max_latency; most && late > *most)
    ++measured.over;
  auto& in_step = measured.in_step[step];
  if (in_step < std::numeric_limits<std::uint32_t>::max()) ++in_step;
}

Duration LatenessTable::p99_of(const Measured& measured) {
  std::uint64_t total = 0;
  for (const auto count : measured.in_step) total += count;
  const auto wanted = total - total / 100;
  std::uint64_t seen = 0;
  for (std::size_t step = 0; step + 1 < steps; ++step) {
    seen += measured.in_step[step];
    if (seen >= wanted)
      return std::min<Duration>(measured.max, std::chrono::milliseconds{std::int64_t{1} << step});
  }
  return measured.max;
}

Lateness LatenessTable::of(std::string_view subscription) const {
  const auto found = measured_.find(subscription);
  if (found == measured_.end()) return {};
  const auto& measured = found->second;
  return {measured.count, measured.sum / static_cast<std::int64_t>(measured.count),
          p99_of(measured), measured.max, measured.over};
}

void LatenessTable::forget(std::string_view subscription) {
  if (const auto found = measured_.find(subscription); found != measured_.end())
    measured_.erase(found);
}

}  // namespace sense

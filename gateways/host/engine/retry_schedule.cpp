// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/retry_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace sense {

namespace {

constexpr std::uint32_t jitter_percent = 10;

}  // namespace

Duration retry_pause(const DeliveryOptions& options, const std::vector<Duration>& pauses,
                     std::uint32_t attempts, std::mt19937_64& random) {
  const auto longest = options.retry_max.value_or(retry_pause_max);
  auto pause = longest;
  if (options.retry_initial || options.sparse->retry_factor) {
    const auto first = options.retry_initial.value_or(pauses.empty() ? Duration{} : pauses.front());
    const auto grown = static_cast<double>(first.count()) *
                       std::pow(options.sparse->retry_factor.value_or(2.0), attempts - 1);
    if (grown < static_cast<double>(longest.count()))
      pause = Duration{static_cast<std::int64_t>(grown)};
  } else {
    const auto step = std::min<std::size_t>(attempts, pauses.size());
    pause = std::min(longest, step == 0 ? Duration{} : pauses[step - 1]);
  }
  const auto per_cent = options.sparse->retry_jitter.value_or(jitter_percent);
  const auto spread = static_cast<std::uint64_t>(pause.count()) * per_cent / 100;
  return pause + Duration{spread == 0 ? 0 : static_cast<std::int64_t>(random() % spread)};
}

bool retries_exhausted(const DeliveryOptions& options, const std::vector<Duration>& pauses,
                       std::uint32_t attempts, Duration since_first, bool end_notice) {
  const auto& span = options.sparse->retry_span;
  if (span && since_first >= *span) return true;
  auto most = options.retry_count.value_or(span ? UINT32_MAX
                                                : static_cast<std::uint32_t>(pauses.size()) + 1);
  if (end_notice) most = std::min(most, end_notice_attempts_max);
  return attempts >= most;
}

}  // namespace sense

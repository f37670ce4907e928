// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue/retry_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace sense {

namespace {

constexpr std::uint32_t jitter_percent = 10;

}  // namespace

Duration RetrySchedule::scheduled(std::uint32_t attempts) const {
  const auto longest = options_.retry_max.value_or(pause_max);
  if (options_.retry_initial || options_.sparse->retry_factor) {
    const auto first =
        options_.retry_initial.value_or(pauses_.empty() ? Duration{} : pauses_.front());
    const auto grown = static_cast<double>(first.count()) *
                       std::pow(options_.sparse->retry_factor.value_or(2.0), attempts - 1);
    return grown < static_cast<double>(longest.count()) ? Duration{static_cast<std::int64_t>(grown)}
                                                        : longest;
  }
  const auto step = std::min<std::size_t>(attempts, pauses_.size());
  return std::min(longest, step == 0 ? Duration{} : pauses_[step - 1]);
}

Duration RetrySchedule::pause(std::uint32_t attempts, std::optional<Duration> wanted,
                              std::mt19937_64& random) const {
  if (wanted) return std::clamp(*wanted, Duration{0}, pause_max);
  const auto pause = scheduled(attempts);
  const auto per_cent = options_.sparse->retry_jitter.value_or(jitter_percent);
  const auto spread = static_cast<std::uint64_t>(pause.count()) * per_cent / 100;
  return pause + Duration{spread == 0 ? 0 : static_cast<std::int64_t>(random() % spread)};
}

bool RetrySchedule::exhausted(std::uint32_t attempts, Duration since_first, bool end_notice) const {
  const auto& span = options_.sparse->retry_span;
  if (span && since_first >= *span) return true;
  auto most = options_.retry_count.value_or(span ? UINT32_MAX
                                                 : static_cast<std::uint32_t>(pauses_.size()) + 1);
  if (end_notice) most = std::min(most, end_notice_attempts_max);
  return attempts >= most;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/queue/digest_window.hpp"

#include <algorithm>

namespace sense {

namespace {

using std::chrono::days;

// The next time of day `time_of_day` after `after`, in UTC.
WallTime next_occurrence(WallTime after, Duration time_of_day) {
  const auto today = std::chrono::floor<days>(after) + time_of_day;
  return today > after ? today : today + days{1};
}

}  // namespace

std::optional<DigestWindow::Key> DigestWindow::supersede(Member& event) {
  const auto found = position_of_group_.find(event.group);
  if (found == position_of_group_.end()) return std::nullopt;
  auto& place = members_[found->second];
  if (place.sequence > event.sequence) return event.key;
  const auto before = place.key;
  event.number = place.number;
  octets_ += event.octets;
  octets_ -= place.octets;
  place = event;
  return before;
}

void DigestWindow::add(const Member& event) {
  if (event.group != 0) position_of_group_.try_emplace(event.group, members_.size());
  members_.push_back(event);
  octets_ += event.octets;
}

void DigestWindow::on_join(MonoTime joined, Timestamp now) {
  if (joined >= opened_) return;
  opened_ = joined;
  opened_wall_ = now.wall - (now.mono - joined);
}

bool DigestWindow::full(const SparseOptions& options) const {
  const auto& digest = options.digest;
  const auto count = digest ? digest->count.value_or(Digest::count_max) : Digest::count_max;
  const auto octets = digest ? digest->octets.value_or(Digest::octets_max) : Digest::octets_max;
  return members_.size() >= count || octets_ >= octets;
}

std::optional<MonoTime> DigestWindow::closes(const SparseOptions& options, MonoTime interval_over,
                                             bool earlier_pending, Timestamp now) const {
  if (options.min_interval) {
    if (earlier_pending) return std::nullopt;
    return std::max(opened_, interval_over);
  }
  if (!options.digest) return std::nullopt;
  std::optional<MonoTime> closes;
  if (options.digest->interval) closes = opened_ + *options.digest->interval;
  if (options.digest->until) {
    const auto left = next_occurrence(opened_wall_, *options.digest->until) - now.wall;
    closes = std::min(closes.value_or(MonoTime::max()), now.mono + left);
  }
  return closes;
}

std::vector<DigestWindow::Key> DigestWindow::keys() const {
  std::vector<Key> keys;
  keys.reserve(members_.size());
  for (const auto& member : members_) keys.push_back(member.key);
  return keys;
}

}  // namespace sense

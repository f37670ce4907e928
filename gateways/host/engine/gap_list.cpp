// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/gap_list.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace sense {

namespace {

// Joins reasons, each once: "expired, undeliverable".
void add_reason(std::string& reasons, std::string_view reason) {
  if (reasons == reason) return;
  for (const auto each : split(reason, ',')) {
    const auto known = split(reasons, ',');
    const bool said = std::any_of(known.begin(), known.end(),
                                  [&](const auto other) { return trim(other) == trim(each); });
    if (!said) reasons.append(", ").append(trim(each));
  }
}

// REQUIRES: they are adjacent.
void merge_gap(PendingDelivery& gap, const PendingDelivery& other) {
  gap.number = std::min(gap.number, other.number);
  gap.number_last = std::max(gap.number_last, other.number_last);
  add_reason(gap.details.edit().reason, other.details->reason);
}

}  // namespace

bool GapList::mergeable(const PendingDelivery& left, const PendingDelivery& right,
                        std::size_t gaps_max) const {
  return left.number_last + 1 == right.number &&
         (left.details->reason == right.details->reason || gaps_.size() >= gaps_max);
}

bool GapList::merge(const PendingDelivery& gap, PendingDeliveries& deliveries,
                    const QueueScope& in) {
  const auto gaps_max = in.engine.defaults.gaps_max;
  const auto behind = gaps_.upper_bound(gap.number);
  if (behind != gaps_.begin()) {
    const auto key = std::prev(behind)->second;
    auto& left = deliveries.at(key);
    if (mergeable(left, gap, gaps_max)) {
      merge_gap(left, gap);
      deliveries.mark(key, in);
      if (behind == gaps_.end()) return true;
      const auto right = behind->second;
      if (!mergeable(left, deliveries.at(right), gaps_max)) return true;
      merge_gap(left, deliveries.at(right));
      gaps_.erase(behind);
      (void)deliveries.remove(right, in);
      return true;
    }
  }
  if (behind == gaps_.end()) return false;
  auto& right = deliveries.at(behind->second);
  if (!mergeable(gap, right, gaps_max)) return false;
  merge_gap(right, gap);
  deliveries.mark(behind->second, in);
  auto node = gaps_.extract(behind);
  node.key() = right.number;
  gaps_.insert(std::move(node));
  return true;
}

void GapList::add(std::uint64_t number, const std::string& reason, PendingDeliveries& deliveries,
                  AttemptQueue& attempts, const QueueScope& in) {
  in.engine.tracker.set_not_replayable();
  if (const auto key = attempts.last_fresh()) {
    auto& last = deliveries.at(*key);
    if (last.kind == Delivery::Kind::gap && last.details->reason == reason &&
        last.number_last + 1 == number) {
      last.number_last = number;
      return deliveries.mark(*key, in);
    }
  }
  PendingDelivery gap;
  gap.kind = Delivery::Kind::gap;
  gap.number = gap.number_last = number;
  gap.details.edit().reason = reason;
  if (!merge(gap, deliveries, in)) attempts.push(deliveries.add(std::move(gap), in));
}

void GapList::defer(Key key, PendingDeliveries& deliveries, const QueueScope& in) {
  auto& gap = deliveries.at(key);
  if (merge(gap, deliveries, in)) {
    (void)deliveries.remove(key, in);
    return;
  }
  gap.attempts = 0;
  gap.stage = PendingDelivery::Stage::deferred;
  deliveries.mark(key, in);
  gaps_.emplace(gap.number, key);
}

void GapList::resume(PendingDeliveries& deliveries, AttemptQueue& attempts) {
  for (const auto& [number, key] : gaps_) {
    deliveries.at(key).stage = PendingDelivery::Stage::fresh;
    attempts.push(key);
  }
  gaps_.clear();
}

}  // namespace sense

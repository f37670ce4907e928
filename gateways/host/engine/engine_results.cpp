// SPDX-License-Identifier: Apache-2.0
// Outcomes of attempts: settled, retried, given up; and the state of the callback.
#include <algorithm>

#include "core/base/text.hpp"
#include "gateways/host/engine/engine.hpp"
#include "gateways/host/engine/retry_schedule.hpp"

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

void Engine::on_result(std::uint64_t attempt_id, const Attempt& result, Timestamp now) {
  const auto* target = attempts_.find(attempt_id);
  if (target == nullptr) return;  // the subscription has ended
  const auto key = target->key;
  auto& queue = queues_.at(target->queue);
  attempts_.close(attempt_id);
  queue.backlog->at(key).attempt_id = 0;
  --queue.backlog->in_flight;
  on_outcome(queue, key, result, now);
  if (queue.ending && queue.backlog->deliveries.empty()) return remove_queue(queue);
  dispatch(queue, now);
}

void Engine::on_outcome(SubscriptionQueue& queue, Key key, const Attempt& result, Timestamp now) {
  const auto kind = queue.backlog->at(key).kind;
  switch (result.outcome) {
    case Attempt::Outcome::delivered:
      callback_responded(queue, now);
      if (kind == Delivery::Kind::event) ++totals_.delivered;
      totals_.delivered += queue.backlog->at(key).details->members.size();
      remove_with_members(queue, key, now);
      resume_gaps(queue);
      break;
    case Attempt::Outcome::retry:
      callback_failed(queue, result.answer, now);
      retry(queue, key, result, now);
      break;
    case Attempt::Outcome::rejected:
      callback_responded(queue, now);  // the callback works: it refused this delivery
      give_up(queue, key, "rejected", result.answer, now);
      break;
    case Attempt::Outcome::gone:
      // The subscription ends; a crash before that is stored must report the gap again.
      if (kind == Delivery::Kind::gap)
        defer_gap(queue, key, now);
      else
        give_up(queue, key, "gone", result.answer, now);
      if (!queue.ending && !queue.gone) actions_.gone.push_back(queue.subscription->id);
      queue.gone = true;
      break;
  }
}

// ---- the callback's state

void Engine::callback_responded(SubscriptionQueue& queue, Timestamp now) {
  auto& backlog = *queue.backlog;
  backlog.failures = 0;
  if (queue.suspension != SubscriptionQueue::Suspension::suspended) return;
  queue.suspension = SubscriptionQueue::Suspension::resumed;
  mark_changed(queue);
  actions_.suspensions.push_back({queue.subscription->id, false, {}});
  // Pending retries waited for the callback: they are due now.
  Backlog::Timed due;
  for (const auto& [time, key] : backlog.retries) {
    backlog.at(key).due = now.mono;
    due.emplace(now.mono, key);
  }
  backlog.retries = std::move(due);
}

void Engine::callback_failed(SubscriptionQueue& queue, const std::string& answer, Timestamp now) {
  if (queue.ending) return;
  auto& backlog = *queue.backlog;
  if (backlog.failures++ == 0) backlog.failing_since = now.mono;
  const auto& sparse = *queue.subscription->delivery.sparse;
  const auto after = sparse.suspend_after.value_or(defaults_.suspend_after);
  const auto failing = now.mono - backlog.failing_since;
  if (after == 0 || backlog.failures < after || queue.gone ||
      failing < sparse.suspend_over.value_or(defaults_.suspend_over) ||
      queue.suspension == SubscriptionQueue::Suspension::suspended ||
      queue.subscription->state == SubscriptionState::paused)
    return;
  suspend(queue, now);
  actions_.suspensions.push_back({queue.subscription->id, true,
                                  std::to_string(backlog.failures) + " attempts in a row failed" +
                                      (answer.empty() ? "" : "; the last answer: " + answer)});
}

void Engine::suspend(SubscriptionQueue& queue, Timestamp now) {
  auto& backlog = backlog_of(queue);
  queue.suspension = SubscriptionQueue::Suspension::suspended;
  mark_changed(queue);
  backlog.probe_pause = defaults_.probe_first;
  backlog.next_probe = now.mono + backlog.probe_pause;
}

// ---- retries

bool Engine::exhausted(const SubscriptionQueue& queue, const PendingDelivery& pending,
                       Timestamp now) const {
  // During suspension nothing is given up.
  if (queue.suspension == SubscriptionQueue::Suspension::suspended) return false;
  return retries_exhausted(queue.subscription->delivery, defaults_.pauses, pending.attempts,
                           now.mono - pending.first, pending.kind == Delivery::Kind::ended);
}

void Engine::retry(SubscriptionQueue& queue, Key key, const Attempt& result, Timestamp now) {
  auto& pending = queue.backlog->at(key);
  if (exhausted(queue, pending, now))
    return give_up(queue, key, "undeliverable", result.answer, now);
  ++totals_.retried;
  const auto pause = result.after ? std::clamp(*result.after, Duration{0}, retry_pause_max)
                                  : retry_pause(queue.subscription->delivery, defaults_.pauses,
                                                pending.attempts, random_);
  pending.stage = Stage::retrying;
  pending.due = now.mono + pause;
  queue.backlog->retries.emplace(pending.due, key);
  mark_dirty(queue, key, pending);
}

// ---- giving up

void Engine::give_up(SubscriptionQueue& queue, Key key, const std::string& reason,
                     const std::string& answer, Timestamp now) {
  const auto pending = queue.backlog->at(key);
  if (pending.kind == Delivery::Kind::gap && reason == "undeliverable")
    return defer_gap(queue, key, now);
  std::vector<std::uint64_t> numbers;
  if (pending.kind == Delivery::Kind::event) {
    dead_letter(queue, pending, pending.attempts, reason, answer);
    numbers.push_back(pending.number);
  }
  // Each event of a digest is a dead letter of its own, so that it can be redriven.
  for (const auto member : pending.details->members) {
    const auto& in_digest = queue.backlog->at(member);
    dead_letter(queue, in_digest, pending.attempts, reason, answer);
    numbers.push_back(in_digest.number);
  }
  if (numbers.empty()) ++totals_.dropped;
  // The gap first: with `order`, removal schedules the next delivery of the source.
  for (const auto number : numbers) add_gap(queue, number, "undeliverable", now);
  remove_with_members(queue, key, now);
}

void Engine::dead_letter(const SubscriptionQueue& queue, const PendingDelivery& pending,
                         std::uint32_t attempts, const std::string& reason,
                         const std::string& answer) {
  if (queue.subscription->delivery.sparse->on_failure == OnFailure::drop) {
    ++totals_.dropped;
    return;
  }
  ++totals_.dead_letters;
  actions_.dead_letters.push_back({queue.subscription->id, pending.number, pending.sequence,
                                   attempts, reason, answer, pending.event});
}

// ---- gaps

void Engine::add_gap(SubscriptionQueue& queue, std::uint64_t number, const std::string& reason,
                     Timestamp now) {
  not_replayable_ = true;
  // Adjacent gaps are merged until the first attempt.
  if (queue.backlog && !queue.backlog->fresh.empty()) {
    const auto key = queue.backlog->fresh.back();
    auto& last = queue.backlog->at(key);
    if (last.kind == Delivery::Kind::gap && last.details->reason == reason &&
        last.number_last + 1 == number) {
      last.number_last = number;
      return mark_dirty(queue, key, last);
    }
  }
  PendingDelivery gap;
  gap.kind = Delivery::Kind::gap;
  gap.number = gap.number_last = number;
  gap.details.edit().reason = reason;
  if (merge_with_deferred(queue, gap, now)) return;
  const auto key = add_pending(queue, std::move(gap));
  queue.backlog->fresh.push(key);
}

// A gap that could not be delivered is deferred, merged with adjacent ones, until a delivery
// succeeds: otherwise the missing numbers would never be explained.
void Engine::defer_gap(SubscriptionQueue& queue, Key key, Timestamp now) {
  auto& gap = queue.backlog->at(key);
  if (merge_with_deferred(queue, gap, now)) return remove_pending(queue, key, now);
  gap.attempts = 0;
  gap.stage = Stage::deferred;
  mark_dirty(queue, key, gap);
  queue.backlog->deferred.emplace(gap.number, key);
}

bool Engine::mergeable(const SubscriptionQueue& queue, const PendingDelivery& left,
                       const PendingDelivery& right) const {
  return left.number_last + 1 == right.number &&
         (left.details->reason == right.details->reason ||
          queue.backlog->deferred.size() >= defaults_.gaps_max);
}

// Merges with the adjacent gaps before and after. So at most gaps_max gaps are deferred, and one
// more for each delivery between two.
bool Engine::merge_with_deferred(SubscriptionQueue& queue, const PendingDelivery& gap,
                                 Timestamp now) {
  if (!queue.backlog || queue.backlog->deferred.empty()) return false;
  auto& backlog = *queue.backlog;
  const auto behind = backlog.deferred.upper_bound(gap.number);
  if (behind != backlog.deferred.begin()) {
    const auto key = std::prev(behind)->second;
    auto& left = backlog.at(key);
    if (mergeable(queue, left, gap)) {
      merge_gap(left, gap);
      mark_dirty(queue, key, left);
      if (behind == backlog.deferred.end()) return true;
      const auto right = behind->second;
      if (!mergeable(queue, left, backlog.at(right))) return true;
      merge_gap(left, backlog.at(right));
      backlog.deferred.erase(behind);
      remove_pending(queue, right, now);
      return true;
    }
  }
  if (behind == backlog.deferred.end()) return false;
  auto& right = backlog.at(behind->second);
  if (!mergeable(queue, gap, right)) return false;
  merge_gap(right, gap);
  mark_dirty(queue, behind->second, right);
  auto node = backlog.deferred.extract(behind);
  node.key() = right.number;
  backlog.deferred.insert(std::move(node));
  return true;
}

void Engine::resume_gaps(SubscriptionQueue& queue) {
  auto& backlog = *queue.backlog;
  for (const auto& [number, key] : std::exchange(backlog.deferred, {})) {
    backlog.at(key).stage = Stage::fresh;
    backlog.fresh.push(key);
  }
}

}  // namespace sense

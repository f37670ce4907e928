// SPDX-License-Identifier: Apache-2.0
// What became of an attempt: done, again later, given up; and what the callback's state is.
#include <algorithm>
#include <cmath>

#include "core/base/text.hpp"
#include "gateways/host/engine/engine.hpp"

namespace sense {

namespace {

// "expired, undeliverable": each reason once.
void add_reason(std::string& reasons, std::string_view reason) {
  if (reasons == reason) return;
  for (const auto each : split(reason, ',')) {
    const auto known = split(reasons, ',');
    const bool said = std::any_of(known.begin(), known.end(),
                                  [&](const auto other) { return trim(other) == trim(each); });
    if (!said) reasons.append(", ").append(trim(each));
  }
}

// REQUIRES: they are neighbours.
void take_in(Item& gap, const Item& other) {
  gap.number = std::min(gap.number, other.number);
  gap.number_last = std::max(gap.number_last, other.number_last);
  add_reason(gap.more.edit().reason, other.more->reason);
}

}  // namespace

void Engine::on_result(std::uint64_t ticket, const Attempt& result, Timestamp now) {
  const auto* holder = tickets_.find(ticket);
  if (holder == nullptr) return;  // its subscription ended meanwhile
  const auto key = holder->key;
  auto& lane = lanes_.at(holder->lane);
  tickets_.close(ticket);
  lane.work->item(key).ticket = 0;
  --lane.work->in_flight;
  on_answer(lane, key, result, now);
  if (lane.ending && lane.work->items.empty()) return drop_lane(lane);
  pump(lane, now);
}

void Engine::on_answer(Lane& lane, Key key, const Attempt& result, Timestamp now) {
  const auto kind = lane.work->item(key).kind;
  switch (result.outcome) {
    case Attempt::Outcome::delivered:
      answered(lane, now);
      if (kind == Delivery::Kind::event) ++totals_.delivered;
      totals_.delivered += lane.work->item(key).more->members.size();
      remove_with_members(lane, key, now);
      unpark(lane);
      break;
    case Attempt::Outcome::retry:
      failed(lane, result.answer, now);
      retry(lane, key, result, now);
      break;
    case Attempt::Outcome::rejected:
      answered(lane, now);  // it is there, and said so
      give_up(lane, key, "rejected", result.answer, now);
      break;
    case Attempt::Outcome::gone:
      // The subscription ends now; but if we crash before that is known, a gap must be told again.
      if (kind == Delivery::Kind::gap)
        park(lane, key, now);
      else
        give_up(lane, key, "gone", result.answer, now);
      if (!lane.ending && !lane.gone) actions_.gone.push_back(lane.subscription->id);
      lane.gone = true;
      break;
  }
}

// ---- the callback's state

void Engine::answered(Lane& lane, Timestamp now) {
  auto& work = *lane.work;
  work.failures = 0;
  if (lane.suspension != Lane::Suspension::suspended) return;
  lane.suspension = Lane::Suspension::resumed;
  mark(lane);
  actions_.suspensions.push_back({lane.subscription->id, false, {}});
  // What waits for another attempt waited for a callback that works.
  Work::Timed due;
  for (const auto& [time, key] : work.retries) {
    work.item(key).due = now.mono;
    due.emplace(now.mono, key);
  }
  work.retries = std::move(due);
}

void Engine::failed(Lane& lane, const std::string& answer, Timestamp now) {
  if (lane.ending) return;
  auto& work = *lane.work;
  if (work.failures++ == 0) work.failing_since = now.mono;
  const auto& rare = *lane.subscription->delivery.rare;
  const auto after = rare.suspend_after.value_or(defaults_.suspend_after);
  const auto failing = now.mono - work.failing_since;
  if (after == 0 || work.failures < after || lane.gone ||
      failing < rare.suspend_over.value_or(defaults_.suspend_over) ||
      lane.suspension == Lane::Suspension::suspended ||
      lane.subscription->state == SubscriptionState::paused)
    return;
  suspend(lane, now);
  actions_.suspensions.push_back({lane.subscription->id, true,
                                  std::to_string(work.failures) + " attempts in a row failed" +
                                      (answer.empty() ? "" : "; the last answer: " + answer)});
}

void Engine::suspend(Lane& lane, Timestamp now) {
  auto& work = this->work(lane);
  lane.suspension = Lane::Suspension::suspended;
  mark(lane);
  work.probe_pause = defaults_.probe_first;
  work.next_probe = now.mono + work.probe_pause;
}

// ---- again

Duration Engine::pause_after(const Lane& lane, std::uint32_t attempts) {
  const auto& options = lane.subscription->delivery;
  const auto& pauses = defaults_.pauses;
  const auto longest = options.retry_max.value_or(pause_max);
  auto pause = longest;
  if (options.retry_initial || options.rare->retry_factor) {
    const auto first = options.retry_initial.value_or(pauses.empty() ? Duration{} : pauses.front());
    const auto grown = static_cast<double>(first.count()) *
                       std::pow(options.rare->retry_factor.value_or(2.0), attempts - 1);
    if (grown < static_cast<double>(longest.count()))
      pause = Duration{static_cast<std::int64_t>(grown)};
  } else {
    const auto step = std::min<std::size_t>(attempts, pauses.size());
    pause = std::min(longest, step == 0 ? Duration{} : pauses[step - 1]);
  }
  // Jitter only adds: an early retry would break the promise of the schedule.
  const auto per_cent = options.rare->retry_jitter.value_or(jitter_percent);
  const auto spread = static_cast<std::uint64_t>(pause.count()) * per_cent / 100;
  return pause + Duration{spread == 0 ? 0 : static_cast<std::int64_t>(random_() % spread)};
}

bool Engine::exhausted(const Lane& lane, const Item& item, Timestamp now) const {
  // While a callback is only probed, nothing is given up: that is what suspension is for.
  if (lane.suspension == Lane::Suspension::suspended) return false;
  const auto& options = lane.subscription->delivery;
  const auto& span = options.rare->retry_span;
  if (span && now.mono - item.first >= *span) return true;
  auto most = options.retry_count.value_or(
      span ? UINT32_MAX : static_cast<std::uint32_t>(defaults_.pauses.size()) + 1);
  if (item.kind == Delivery::Kind::ended) most = std::min(most, ended_attempts_max);
  return item.attempts >= most;
}

void Engine::retry(Lane& lane, Key key, const Attempt& result, Timestamp now) {
  auto& item = lane.work->item(key);
  if (exhausted(lane, item, now)) return give_up(lane, key, "undeliverable", result.answer, now);
  ++totals_.retried;
  const auto pause = result.after ? std::clamp(*result.after, Duration{0}, pause_max)
                                  : pause_after(lane, item.attempts);
  item.stage = Stage::retrying;
  item.due = now.mono + pause;
  lane.work->retries.emplace(item.due, key);
  touch(lane, key, item);
}

// ---- no more

void Engine::give_up(Lane& lane, Key key, const std::string& reason, const std::string& answer,
                     Timestamp now) {
  const auto item = lane.work->item(key);
  if (item.kind == Delivery::Kind::gap && reason == "undeliverable") return park(lane, key, now);
  std::vector<std::uint64_t> numbers;
  if (item.kind == Delivery::Kind::event) {
    bury(lane, item, item.attempts, reason, answer);
    numbers.push_back(item.number);
  }
  // Each event of a digest is a dead letter of its own: so it can be looked at and redriven.
  for (const auto member : item.more->members) {
    const auto& enclosed = lane.work->item(member);
    bury(lane, enclosed, item.attempts, reason, answer);
    numbers.push_back(enclosed.number);
  }
  if (numbers.empty()) ++totals_.dropped;
  // The hole first: with order, the next of its source moves up now.
  for (const auto number : numbers) add_gap(lane, number, "undeliverable", now);
  remove_with_members(lane, key, now);
}

void Engine::bury(const Lane& lane, const Item& item, std::uint32_t attempts,
                  const std::string& reason, const std::string& answer) {
  if (lane.subscription->delivery.rare->on_failure == OnFailure::drop) {
    ++totals_.dropped;
    return;
  }
  ++totals_.dead;
  actions_.dead.push_back(
      {lane.subscription->id, item.number, item.sequence, attempts, reason, answer, item.event});
}

// ---- gaps

void Engine::add_gap(Lane& lane, std::uint64_t number, const std::string& reason, Timestamp now) {
  more_happened_ = true;
  // Neighbours become one gap while nobody has been told of it yet.
  if (lane.work && !lane.work->fresh.empty()) {
    const auto key = lane.work->fresh.back();
    auto& last = lane.work->item(key);
    if (last.kind == Delivery::Kind::gap && last.more->reason == reason &&
        last.number_last + 1 == number) {
      last.number_last = number;
      return touch(lane, key, last);
    }
  }
  Item gap;
  gap.kind = Delivery::Kind::gap;
  gap.number = gap.number_last = number;
  gap.more.edit().reason = reason;
  if (join_parked(lane, gap, now)) return;
  const auto key = add_item(lane, std::move(gap));
  lane.work->fresh.push(key);
}

// A gap that a dead callback could not be told would leave a hole that nobody explains: it waits,
// made one with its neighbours, until something gets through again.
void Engine::park(Lane& lane, Key key, Timestamp now) {
  auto& gap = lane.work->item(key);
  if (join_parked(lane, gap, now)) return remove_item(lane, key, now);
  gap.attempts = 0;
  gap.stage = Stage::parked;
  touch(lane, key, gap);
  lane.work->parked.emplace(gap.number, key);
}

bool Engine::may_join(const Lane& lane, const Item& left, const Item& right) const {
  return left.number_last + 1 == right.number && (left.more->reason == right.more->reason ||
                                                  lane.work->parked.size() >= defaults_.gaps_max);
}

// With the neighbours before and behind it. So there are at most gaps_max, and one more for each
// delivery that waits between two.
bool Engine::join_parked(Lane& lane, const Item& gap, Timestamp now) {
  if (!lane.work || lane.work->parked.empty()) return false;
  auto& work = *lane.work;
  const auto behind = work.parked.upper_bound(gap.number);
  if (behind != work.parked.begin()) {
    const auto key = std::prev(behind)->second;
    auto& left = work.item(key);
    if (may_join(lane, left, gap)) {
      take_in(left, gap);
      touch(lane, key, left);
      if (behind == work.parked.end()) return true;
      const auto right = behind->second;
      if (!may_join(lane, left, work.item(right))) return true;
      take_in(left, work.item(right));
      work.parked.erase(behind);
      remove_item(lane, right, now);
      return true;
    }
  }
  if (behind == work.parked.end()) return false;
  auto& right = work.item(behind->second);
  if (!may_join(lane, gap, right)) return false;
  take_in(right, gap);
  touch(lane, behind->second, right);
  auto node = work.parked.extract(behind);
  node.key() = right.number;
  work.parked.insert(std::move(node));
  return true;
}

void Engine::unpark(Lane& lane) {
  auto& work = *lane.work;
  for (const auto& [number, key] : std::exchange(work.parked, {})) {
    work.item(key).stage = Stage::fresh;
    work.fresh.push(key);
  }
}

}  // namespace sense

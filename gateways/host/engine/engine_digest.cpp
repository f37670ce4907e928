// SPDX-License-Identifier: Apache-2.0
// Windows: digests, and what a minimum interval collects.
//
// A window may be attempted only when a stored checkpoint has its contents. Otherwise, after a
// crash, its events would be collected again together with others, and delivered twice under
// numbers that belonged to other events.
#include <algorithm>

#include "gateways/host/engine/engine.hpp"

namespace sense {

namespace {

using std::chrono::days;

// The next time of day `time_of_day` after `after`, in UTC.
WallTime next_occurrence(WallTime after, Duration time_of_day) {
  const auto today = std::chrono::floor<days>(after) + time_of_day;
  return today > after ? today : today + days{1};
}

}  // namespace

void Engine::join_window(SubscriptionQueue& queue, Key key, PendingDelivery& pending,
                         Timestamp now) {
  auto& backlog = *queue.backlog;
  if (!backlog.open_window) {
    backlog.open_window = std::make_unique<DigestWindow>();
    backlog.open_window->opened = now.mono;
    backlog.open_window->opened_wall = now.wall;
  }
  if (!queue.subscription->delivery.only_latest() || !supersede(queue, key, pending, now)) {
    if (pending.number == 0) pending.number = assign_number(queue);
    backlog.open_window->add(key, pending.group);
  } else if (pending.number == 0) {
    return remove_pending(queue, key, now);
  }
  backlog.open_window->octets += pending.octets;
  pending.window = queue.windows + 1;
  pending.stage = Stage::collecting;
  pending.due = now.mono;
  mark_dirty(queue, key, pending);
  not_replayable_ = true;
  if (window_full(queue)) close_window(queue, now);
}

// Coalescing: the newest event of a source takes the place and the number of the one before, so
// that no gap is left. An event that was held longer than a newer one gets no number. False when
// the window has no other event of its source.
bool Engine::supersede(SubscriptionQueue& queue, Key key, PendingDelivery& pending, Timestamp now) {
  auto& open = *queue.backlog->open_window;
  const auto place = open.position_of_group.find(pending.group);
  if (place == open.position_of_group.end() || pending.number != 0) return false;
  ++totals_.superseded;
  const auto before = open.members[place->second];
  const auto& other = queue.backlog->at(before);
  if (other.sequence > pending.sequence) return true;
  open.octets -= other.octets;
  pending.number = other.number;
  open.members[place->second] = key;
  remove_pending(queue, before, now);
  return true;
}

bool Engine::window_full(const SubscriptionQueue& queue) {
  const auto& open = *queue.backlog->open_window;
  const auto& digest = queue.subscription->delivery.sparse->digest;
  const auto count = digest ? digest->count.value_or(Digest::count_max) : Digest::count_max;
  const auto octets = digest ? digest->octets.value_or(Digest::octets_max) : Digest::octets_max;
  return open.members.size() >= count || open.octets >= octets;
}

std::optional<MonoTime> Engine::window_closes(const SubscriptionQueue& queue, Timestamp now) const {
  const auto& backlog = *queue.backlog;
  if (!backlog.open_window) return std::nullopt;
  const auto& sparse = *queue.subscription->delivery.sparse;
  if (sparse.min_interval) {
    // While an earlier window is pending, this one may as well grow.
    if (backlog.windows_pending > 0) return std::nullopt;
    return std::max(backlog.open_window->opened, backlog.next_window);
  }
  if (!sparse.digest) return std::nullopt;
  auto closes = MonoTime::max();
  if (sparse.digest->interval) closes = backlog.open_window->opened + *sparse.digest->interval;
  if (sparse.digest->until) {
    const auto at = next_occurrence(backlog.open_window->opened_wall, *sparse.digest->until);
    closes = std::min(closes, now.mono + (at - now.wall));
  }
  if (closes == MonoTime::max()) return std::nullopt;
  return closes;
}

void Engine::close_window(SubscriptionQueue& queue, Timestamp now) {
  auto members = std::exchange(queue.backlog->open_window, nullptr)->members;
  std::erase_if(members, [&](const Key key) { return expire(queue, key, now); });
  if (members.empty()) return;
  ++queue.windows;
  mark_changed(queue);
  add_to_digest(queue, std::move(members));
  actions_.checkpoint = true;
}

void Engine::add_to_digest(SubscriptionQueue& queue, std::vector<Key> members) {
  auto& backlog = *queue.backlog;
  if (members.size() == 1) return seal(queue, members.front(), backlog.at(members.front()));
  for (const auto key : members) backlog.at(key).stage = Stage::in_digest;
  PendingDelivery digest;
  digest.kind = Delivery::Kind::digest;
  digest.details.edit().members = std::move(members);
  const auto key = add_pending(queue, std::move(digest));
  set_digest_numbers(queue, backlog.at(key));
  seal(queue, key, backlog.at(key));
}

void Engine::set_digest_numbers(const SubscriptionQueue& queue, PendingDelivery& digest) {
  const auto number = [&](const Key key) { return queue.backlog->at(key).number; };
  auto& members = digest.details.edit().members;
  std::sort(members.begin(), members.end(),
            [&](const Key a, const Key b) { return number(a) < number(b); });
  digest.number = number(members.front());
  digest.number_last = number(members.back());
}

void Engine::seal(SubscriptionQueue& queue, Key key, PendingDelivery& pending) {
  pending.stage = Stage::not_durable;
  pending.whole_window = true;
  pending.window = queue.windows;
  ++queue.backlog->windows_pending;
  mark_dirty(queue, key, pending);
  not_durable_.emplace_back(queue.handle, key);
}

// True when all members have expired and the digest was removed.
bool Engine::expire_members(SubscriptionQueue& queue, Key digest, Timestamp now) {
  auto& pending = queue.backlog->at(digest);
  auto& members = pending.details.edit().members;
  const auto expired =
      std::erase_if(members, [&](const Key key) { return expire(queue, key, now); });
  if (expired == 0) return false;
  if (members.empty()) {
    remove_pending(queue, digest, now);
    return true;
  }
  set_digest_numbers(queue, pending);
  mark_dirty(queue, digest, pending);
  return false;
}

void Engine::remove_with_members(SubscriptionQueue& queue, Key key, Timestamp now) {
  for (const auto member : queue.backlog->at(key).details->members)
    remove_pending(queue, member, now);
  remove_pending(queue, key, now);
}

}  // namespace sense

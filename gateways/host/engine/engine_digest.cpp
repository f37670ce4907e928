// SPDX-License-Identifier: Apache-2.0
// What is collected and delivered together: digests, and what a minimum interval holds back.
//
// A window may be attempted only once a stored checkpoint says what is in it. Otherwise a crash
// behind the attempt would let the same events be collected again, together with others, and the
// callback would get them twice, under numbers that were other events'.
#include <algorithm>

#include "gateways/host/engine/engine.hpp"

namespace sense {

namespace {

using std::chrono::days;

// When the clock shows `time_of_day` next.
WallTime next_occurrence(WallTime after, Duration time_of_day) {
  const auto today = std::chrono::floor<days>(after) + time_of_day;
  return today > after ? today : today + days{1};
}

}  // namespace

void Engine::join_window(Lane& lane, Key key, Item& item, Timestamp now) {
  auto& work = *lane.work;
  if (!work.open) {
    work.open = std::make_unique<OpenWindow>();
    work.open->opened = now.mono;
    work.open->opened_wall = now.wall;
  }
  if (!lane.subscription->delivery.only_latest() || !supersede(lane, key, item, now)) {
    if (item.number == 0) item.number = give_number(lane);
    work.open->add(key, item.group);
  } else if (item.number == 0) {
    return remove_item(lane, key, now);
  }
  work.open->octets += item.octets;
  item.window = lane.windows + 1;
  item.stage = Stage::collecting;
  item.due = now.mono;
  touch(lane, key, item);
  more_happened_ = true;
  if (window_full(lane)) close_window(lane, now);
}

// Of each source the newest counts: it takes the place and the number of the one before, so nobody
// sees a hole. One that was held longer than a newer one is left without a number. False when there
// is no other of its source.
bool Engine::supersede(Lane& lane, Key key, Item& item, Timestamp now) {
  auto& open = *lane.work->open;
  const auto place = open.places.find(item.group);
  if (place == open.places.end() || item.number != 0) return false;
  ++totals_.superseded;
  const auto before = open.members[place->second];
  const auto& other = lane.work->item(before);
  if (other.sequence > item.sequence) return true;
  open.octets -= other.octets;
  item.number = other.number;
  open.members[place->second] = key;
  remove_item(lane, before, now);
  return true;
}

bool Engine::window_full(const Lane& lane) {
  const auto& open = *lane.work->open;
  const auto& digest = lane.subscription->delivery.rare->digest;
  const auto count = digest ? digest->count.value_or(Digest::count_max) : Digest::count_max;
  const auto octets = digest ? digest->octets.value_or(Digest::octets_max) : Digest::octets_max;
  return open.members.size() >= count || open.octets >= octets;
}

std::optional<MonoTime> Engine::window_closes(const Lane& lane, Timestamp now) const {
  const auto& work = *lane.work;
  if (!work.open) return std::nullopt;
  const auto& rare = *lane.subscription->delivery.rare;
  if (rare.min_interval) {
    // Behind one that is not through yet it can as well grow.
    if (work.windows_pending > 0) return std::nullopt;
    return std::max(work.open->opened, work.next_window);
  }
  if (!rare.digest) return std::nullopt;
  auto closes = MonoTime::max();
  if (rare.digest->interval) closes = work.open->opened + *rare.digest->interval;
  if (rare.digest->until) {
    const auto at = next_occurrence(work.open->opened_wall, *rare.digest->until);
    closes = std::min(closes, now.mono + (at - now.wall));
  }
  if (closes == MonoTime::max()) return std::nullopt;
  return closes;
}

void Engine::close_window(Lane& lane, Timestamp now) {
  auto members = std::exchange(lane.work->open, nullptr)->members;
  std::erase_if(members, [&](const Key key) { return expire(lane, key, now); });
  if (members.empty()) return;
  ++lane.windows;
  mark(lane);
  enclose(lane, std::move(members));
  actions_.checkpoint = true;
}

void Engine::enclose(Lane& lane, std::vector<Key> members) {
  auto& work = *lane.work;
  if (members.size() == 1) return fix(lane, members.front(), work.item(members.front()));
  for (const auto key : members) work.item(key).stage = Stage::enclosed;
  Item digest;
  digest.kind = Delivery::Kind::digest;
  digest.more.edit().members = std::move(members);
  const auto key = add_item(lane, std::move(digest));
  tell_numbers(lane, work.item(key));
  fix(lane, key, work.item(key));
}

void Engine::tell_numbers(const Lane& lane, Item& digest) {
  const auto number = [&](const Key key) { return lane.work->item(key).number; };
  auto& members = digest.more.edit().members;
  std::sort(members.begin(), members.end(),
            [&](const Key a, const Key b) { return number(a) < number(b); });
  digest.number = number(members.front());
  digest.number_last = number(members.back());
}

void Engine::fix(Lane& lane, Key key, Item& item) {
  item.stage = Stage::unfixed;
  item.whole_window = true;
  item.window = lane.windows;
  ++lane.work->windows_pending;
  touch(lane, key, item);
  unfixed_.emplace_back(lane.handle, key);
}

// True when nothing is left of the digest.
bool Engine::expire_members(Lane& lane, Key digest, Timestamp now) {
  auto& item = lane.work->item(digest);
  auto& members = item.more.edit().members;
  const auto expired =
      std::erase_if(members, [&](const Key key) { return expire(lane, key, now); });
  if (expired == 0) return false;
  if (members.empty()) {
    remove_item(lane, digest, now);
    return true;
  }
  tell_numbers(lane, item);
  touch(lane, digest, item);
  return false;
}

void Engine::remove_with_members(Lane& lane, Key key, Timestamp now) {
  for (const auto member : lane.work->item(key).more->members) remove_item(lane, member, now);
  remove_item(lane, key, now);
}

}  // namespace sense

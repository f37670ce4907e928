// SPDX-License-Identifier: Apache-2.0
// Invariants of the options: hold, order, rate, windows, suspension.
#include "tests/simulation/world.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

namespace {

std::string name_of(const Delivery& delivery) {
  return delivery.subscription->id + " window " + std::to_string(delivery.window) + " number " +
         std::to_string(delivery.number) + " attempt " + std::to_string(delivery.attempt);
}

bool names(const std::vector<std::string>& principals, const std::string& principal) {
  return std::find(principals.begin(), principals.end(), principal) != principals.end();
}

std::map<std::uint64_t, std::uint64_t> contents_of(const Delivery& delivery) {
  if (delivery.kind == Delivery::Kind::event) return {{delivery.number, delivery.event->sequence}};
  std::map<std::uint64_t, std::uint64_t> contents;
  for (const auto& content : delivery.contents) contents[content.number] = content.event->sequence;
  return contents;
}

// When its first event came, which may have expired since: the earliest that may have been it.
WallTime opened_at_least(const Ledger& ledger, std::uint64_t window) {
  std::uint64_t behind = 0;
  if (const auto before = ledger.windows.find(window - 1); before != ledger.windows.end())
    for (const auto& [number, sequence] : before->second.contents)
      behind = std::max(behind, sequence);
  auto earliest = WallTime::max();
  for (const auto& owed : ledger.owed) {
    const auto known = ledger.window_of.find(owed.event->sequence);
    const bool elsewhere = known != ledger.window_of.end() && known->second != window;
    const bool late =
        owed.event->sequence > behind || owed.not_before != WallTime{} || owed.redrive != 0;
    if (late && !elsewhere) earliest = std::min(earliest, owed.appended);
  }
  return earliest;
}

}  // namespace

void World::check_due(const Ledger& ledger, const Delivery& delivery, const Ledger::Owed& owed) {
  const auto now = clock_.now().wall;
  const auto& event = *owed.event;
  const auto name = name_of(delivery) + " event " + event.id;
  if (owed.expires && *owed.expires <= now) broken(name + ": delivered though expired");
  if (now < owed.not_before) broken(name + ": delivered too early");
  const auto& owner = ledger.subscription->owner;
  if (names(event.except, owner) || (!event.audience.empty() && !names(event.audience, owner)))
    broken(name + ": delivered to one who was left out");
}

// Every earlier one of the same source is done, one way or the other.
void World::check_order(const Ledger& ledger, const Delivery& delivery) {
  const auto& source = ledger.owed[delivery.number - 1].event->source;
  for (std::uint64_t number = 1; number < delivery.number; ++number) {
    const auto& before = ledger.owed[number - 1];
    const bool expired = before.expires && *before.expires <= clock_.now().wall;
    if (before.event->source == source && !ledger.acknowledged.contains(number) &&
        !ledger.dead_lettered.contains(number) && !expired)
      broken(name_of(delivery) + ": overtook number " + std::to_string(number));
  }
}

void World::check_pace(Ledger& ledger, const Delivery& delivery) {
  const auto now = clock_.now().mono;
  const bool ended = delivery.kind == Delivery::Kind::ended;
  const auto& sparse = *delivery.subscription->delivery.sparse;
  // The end notice is not subject to the rate.
  if (sparse.rate && ledger.last_attempt && !ended &&
      now - *ledger.last_attempt < Duration{std::chrono::seconds{1}} / *sparse.rate)
    broken(name_of(delivery) + ": faster than its rate");
  ledger.last_attempt = now;
  if (!ledger.next_probe || ended) return;
  if (now < *ledger.next_probe) broken(name_of(delivery) + ": attempted though suspended");
  if (ledger.under_way.size() > 1) broken(name_of(delivery) + ": more than one probe");
  ledger.next_probe = now + defaults_.probe_first;
}

// The same number means the same event for ever, a window has the same events in each repeat (but
// for those that have expired meanwhile), and no event is in two windows.
void World::check_window(Ledger& ledger, const Delivery& delivery) {
  const auto name = name_of(delivery);
  const auto contents = contents_of(delivery);
  if (contents.empty()) broken(name + ": a window with nothing in it");
  if (ledger.windows_acknowledged.contains(delivery.window))
    broken(name + ": repeated though its delivery was not forgotten");
  const auto [place, fresh] = ledger.windows.try_emplace(delivery.window);
  if (fresh) ++digests_;
  for (const auto& [number, sequence] : contents) {
    const auto* owed = ledger.find(sequence);
    if (owed == nullptr) return broken(name + ": an event that is not owed");
    check_due(ledger, delivery, *owed);
    if (fresh) place->second.contents.emplace(number, sequence);
    const auto before = place->second.contents.find(number);
    if (before == place->second.contents.end() || before->second != sequence)
      broken(name + ": has changed since its first attempt");
    if (ledger.window_of.try_emplace(sequence, delivery.window).first->second != delivery.window)
      broken(name + ": an event that was in another window already");
    if (ledger.dead_lettered.contains(number)) broken(name + ": holds a dead letter");
  }
  std::set<std::string> sources;
  for (const auto& [number, sequence] : contents)
    if (!sources.insert(ledger.find(sequence)->event->source).second &&
        delivery.subscription->delivery.only_latest())
      broken(name + ": more than the latest of a source");
  check_window_time(ledger, delivery);
  place->second.last_attempt = clock_.now().mono;
}

void World::check_window_time(const Ledger& ledger, const Delivery& delivery) {
  const auto now = clock_.now();
  const auto& sparse = *delivery.subscription->delivery.sparse;
  const auto& window = ledger.windows.at(delivery.window);
  if (sparse.digest && sparse.digest->interval &&
      now.wall < opened_at_least(ledger, delivery.window) + *sparse.digest->interval)
    broken(name_of(delivery) + ": before its interval was over");
  if (sparse.digest && window.contents.size() > sparse.digest->count.value_or(Digest::count_max))
    broken(name_of(delivery) + ": more than its count");
  if (!sparse.min_interval) return;
  for (const auto& [id, other] : ledger.windows)
    if (id != delivery.window && now.mono - other.last_attempt < *sparse.min_interval)
      broken(name_of(delivery) + ": within the interval of window " + std::to_string(id));
}

void World::check_collected(const std::string& id, const Ledger& ledger) {
  const auto& endpoint = ledger.endpoint;
  for (auto owed = ledger.owed.begin(); owed != ledger.owed.end(); ++owed) {
    const auto sequence = owed->event->sequence;
    const bool expired = owed->expires && *owed->expires <= clock_.now().wall;
    const bool superseded =
        ledger.subscription->delivery.only_latest() &&
        std::any_of(ledger.owed.begin(), ledger.owed.end(), [&](const Ledger::Owed& other) {
          return other.event->sequence > sequence && other.event->source == owed->event->source;
        });
    if (endpoint.has_event(sequence) || ledger.dead_lettered_sequences.contains(sequence) ||
        expired)
      continue;
    if (!superseded) broken(id + " event " + owed->event->id + ": collected and lost");
    ++superseded_;
  }
  const auto queue = store_.queues.find(id);
  if (queue == store_.queues.end()) return broken(id + ": is not in the store");
  for (std::uint64_t number = 1; number < queue->second.next_number; ++number)
    if (!endpoint.has(number) && !endpoint.knows_missing(number))
      broken(id + " number " + std::to_string(number) + ": a missing number without a gap");
}

}  // namespace sense::simulation

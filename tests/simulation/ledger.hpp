// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/subscription/subscription.hpp"
#include "tests/simulation/endpoint.hpp"

namespace sense::simulation {

// The deliveries that one subscription is owed, computed from the journal alone, independent of the
// engine; and the engine's behaviour so far.
struct Ledger {
  explicit Ledger(Endpoint other_side) : endpoint(std::move(other_side)) {}

  struct Owed {
    EventRef event;
    std::optional<WallTime> expires;
    WallTime not_before;
    WallTime appended;
    std::uint64_t redrive = 0;  // which redrive; 0: it was published
  };

  // ---- from the journal

  SubscriptionRef subscription;             // as of the journal's end
  std::uint64_t end_sequence = 0;           // 0: it has not ended
  bool end_notice_owed = false;             // its callback is owed the notice
  std::vector<Owed> owed;                   // number 1 first, unless it collects
  std::map<std::uint64_t, Owed> published;  // among them, by sequence

  void put(SubscriptionRef changed) { subscription = std::move(changed); }
  void end(std::uint64_t sequence, bool notify) {
    end_sequence = sequence;
    end_notice_owed = notify && subscription->state != SubscriptionState::pending;
  }
  void on_event(const EventRef& event, WallTime now) {
    if (end_sequence != 0 || subscription->state == SubscriptionState::pending ||
        !matches(*subscription, *event))
      return;
    std::optional<WallTime> expires = event->expirytime;
    if (const auto& expiry = subscription->delivery.expiry) {
      const auto latest = event->time->wall + *expiry;
      expires = expires ? std::min(*expires, latest) : latest;
    }
    WallTime not_before = event->notbefore.value_or(WallTime{});
    if (const auto& hold = subscription->delivery.sparse->hold)
      not_before = std::max(not_before, event->time->wall + *hold);
    owed.push_back({event, expires, not_before, now});
    published.emplace(event->sequence, owed.back());
  }
  // Owed once more, after all that the host has read of the journal.
  void redrive(std::uint64_t sequence, std::uint64_t redrive, std::uint64_t position,
               WallTime now) {
    auto place = owed.end();
    while (place != owed.begin() && std::prev(place)->redrive == 0 &&
           std::prev(place)->event->sequence > position)
      --place;
    auto again = published.at(sequence);
    again.redrive = redrive;
    again.appended = now;
    owed.insert(place, std::move(again));
    // It was settled, and is pending again.
    dead_lettered_sequences.erase(sequence);
    window_of.erase(sequence);
  }
  // The host crashed before it was stored: it has no effect, and no later number was attempted.
  void undo_redrive(std::uint64_t sequence, std::uint64_t redrive) {
    std::erase_if(owed, [&](const Owed& each) { return each.redrive == redrive; });
    dead_lettered_sequences.insert(sequence);
  }
  [[nodiscard]] const Owed* find(std::uint64_t sequence) const {
    const auto found = published.find(sequence);
    return found == published.end() ? nullptr : &found->second;
  }
  // Collected events are numbered when they are delivered.
  [[nodiscard]] bool collects() const { return subscription->delivery.collects(); }
  [[nodiscard]] bool drops() const {
    return subscription->delivery.sparse->on_failure == OnFailure::drop;
  }

  // ---- from the engine

  Endpoint endpoint;
  std::set<std::uint64_t> acknowledged;
  std::set<std::uint64_t> dead_lettered;  // dead letters
  std::set<std::uint64_t> dead_lettered_sequences;
  std::optional<MonoTime> last_attempt;  // of anything
  // Of what is collected; never forgotten, since all of it is stored before it is attempted.
  struct Window {
    std::map<std::uint64_t, std::uint64_t> contents;  // number, sequence
    MonoTime last_attempt{};
  };
  std::map<std::uint64_t, Window> windows;
  std::map<std::uint64_t, std::uint64_t> window_of;  // sequence, window
  std::set<std::uint64_t> windows_acknowledged;
  std::map<std::uint64_t, std::uint64_t> meant;  // number, sequence: since its first attempt
  // In this life of the host:
  std::map<std::uint64_t, std::uint32_t> attempts;  // of each number
  std::map<std::uint64_t, MonoTime> known;          // when the engine saw it
  std::set<std::uint64_t> under_way;                // attempt ids
  bool gone_heard = false;
  std::optional<bool> wants_suspended;  // what the engine asked of the registry
  std::optional<MonoTime> next_probe;   // while it is suspended: no attempt before
  std::optional<SubscriptionState> state_known;

  // The engine has seen that event.
  void on_known(const EventRef& event, MonoTime now) {
    for (auto number = owed.size(); number > 0; --number) {
      const auto& each = owed[number - 1];
      if (each.redrive != 0) continue;
      if (each.event->sequence < event->sequence) break;
      if (each.event == event) known[number] = now;
    }
  }
  void crash() {
    wants_suspended.reset();
    next_probe.reset();
    state_known.reset();
    attempts.clear();
    known.clear();
    under_way.clear();
    gone_heard = false;
  }
};

}  // namespace sense::simulation

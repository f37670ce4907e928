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
  };

  // ---- from the journal

  SubscriptionRef subscription;             // as of the journal's end
  std::uint64_t end_sequence = 0;           // 0: it has not ended
  bool end_notice_owed = false;             // its callback is owed the notice
  std::vector<Owed> owed;                   // number 1 first, unless it collects
  std::map<std::uint64_t, Owed> published;  // among them, by sequence

  // Dead letters of it were to be redriven: their numbers are the gateway's choice.
  bool renumbered = false;
  MonoTime changed{};  // when its state did, or it ended

  void put(SubscriptionRef wanted, MonoTime now) {
    if (!subscription || subscription->state != wanted->state) changed = now;
    subscription = std::move(wanted);
  }
  void end(std::uint64_t sequence, bool notify, MonoTime now) {
    end_sequence = sequence;
    changed = now;
    end_notice_owed = notify && subscription->state != SubscriptionState::pending;
  }
  // True: it is owed.
  bool on_event(const EventRef& event, WallTime now) {
    if (end_sequence != 0 || !subscription || subscription->state == SubscriptionState::pending ||
        !matches(*subscription, *event))
      return false;
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
    return true;
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

  // ---- from what its callback was sent

  Endpoint endpoint;
  std::map<std::uint64_t, MonoTime> acknowledged;  // numbers, when
  std::map<std::uint64_t, MonoTime> given_up;      // likewise of numbers that a gap named
  struct Window {
    std::map<std::uint64_t, std::uint64_t> contents;  // number, sequence
    MonoTime last_attempt{};
  };
  std::map<std::uint64_t, Window> windows;
  std::map<std::uint64_t, std::uint64_t> window_of;  // sequence, window
  std::map<std::uint64_t, MonoTime> windows_acknowledged;
  std::map<std::uint64_t, std::uint64_t> meant;      // number, sequence: since its first attempt
  std::map<std::uint64_t, std::uint64_t> number_of;  // the reverse, unless it was renumbered
  std::map<std::string, std::uint64_t> reached;      // source, highest number attempted
  // In this life of the gateway:
  std::map<std::string, std::uint64_t> reached_now;
  std::optional<MonoTime> last_attempt;             // of anything
  std::map<std::uint64_t, std::uint32_t> attempts;  // of each number
  std::set<std::uint64_t> under_way;                // attempts
  bool gone_heard = false;
  std::optional<MonoTime> next_probe;  // while it is suspended: no attempt before

  void crash() {
    reached_now.clear();
    last_attempt.reset();
    attempts.clear();
    under_way.clear();
    gone_heard = false;
    next_probe.reset();
  }
};

}  // namespace sense::simulation

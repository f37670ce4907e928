#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/subscription/subscription.hpp"
#include "tests/simulation/endpoint.hpp"

namespace sense::simulation {

// What one subscription is owed, computed from the journal alone, beside the engine; and what the
// engine has said of it so far.
struct Ledger {
  explicit Ledger(Endpoint other_side) : endpoint(std::move(other_side)) {}

  struct Owed {
    EventRef event;
    std::optional<WallTime> expires;
  };

  // ---- from the journal

  SubscriptionRef subscription;    // as of the journal's end
  std::uint64_t end_sequence = 0;  // 0: it has not ended
  bool told_of_end = false;        // its callback is owed the notice
  std::vector<Owed> owed;          // number 1 first

  void put(SubscriptionRef changed) { subscription = std::move(changed); }
  void end(std::uint64_t sequence, bool tell) {
    end_sequence = sequence;
    told_of_end = tell && subscription->state != SubscriptionState::pending;
  }
  void on_event(const EventRef& event) {
    if (end_sequence != 0 || subscription->state == SubscriptionState::pending ||
        !matches(*subscription, *event))
      return;
    auto expires = event->expirytime;
    if (const auto& expiry = subscription->delivery.expiry) {
      const auto latest = *event->time + *expiry;
      expires = expires ? std::min(*expires, latest) : latest;
    }
    owed.push_back({event, expires});
  }

  // ---- from the engine

  Endpoint endpoint;
  std::set<std::uint64_t> acknowledged;
  std::set<std::uint64_t> buried;  // dead letters
  // In this life of the host:
  std::map<std::uint64_t, std::uint32_t> attempts;  // of each number
  std::map<std::uint64_t, MonoTime> known;          // when the engine saw it
  std::set<std::uint64_t> under_way;                // tickets
  bool gone_heard = false;

  void crash() {
    attempts.clear();
    known.clear();
    under_way.clear();
    gone_heard = false;
  }
};

}  // namespace sense::simulation

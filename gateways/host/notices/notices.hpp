// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"
#include "gateways/host/engine/engine.hpp"

// Notices: the management events about a gateway's own state (docs/management-events.md).
namespace sense {

// {urn:sense:management}gateway-started: the gateway is listening.
[[nodiscard]] Event gateway_started_event(const std::string& gateway,
                                          const std::vector<std::string>& schemes,
                                          const std::vector<std::string>& listening, WallTime now);

// Publishes a notice; any thread. A failure is logged, and the notice is lost.
void publish_notice(Publisher& publisher, const Event& notice);

// Dead letters as events {urn:sense:management}dead-letter, and expired events as events
// {urn:sense:management}expired: the first at once, then at most one per minute, kind and
// subscription, with their count, so that a failing callback does not flood the journal. What the
// callback answered is left out, and the owner named. One thread.
class DeadLetterNotices {
 public:
  static constexpr Duration interval = std::chrono::minutes{1};
  // Those of further subscriptions are counted together, in notices without an id.
  static constexpr std::size_t subscriptions_max = 10'000;

  explicit DeadLetterNotices(std::string gateway) : gateway_(std::move(gateway)) {}

  // Such a notice that is itself a dead letter or expired is not reported: that would be a feedback
  // loop. One whose event has been released from memory is, at most once a minute.
  void add(const Engine::DeadLetter& dead_letter) { add(dead_letter, false); }
  void add_expired(const Engine::DeadLetter& expired) { add(expired, true); }
  // The notices to publish now.
  [[nodiscard]] std::vector<Event> take_due(Timestamp now);

 private:
  struct Pending {
    std::uint64_t count = 0;
    Engine::DeadLetter last;
    MonoTime next{};
  };
  struct Subject {
    bool expired = false;
    std::string subscription;
    friend auto operator<=>(const Subject&, const Subject&) = default;
  };
  void add(const Engine::DeadLetter& dead_letter, bool expired);
  [[nodiscard]] Event event_of(const Subject& subject, const Pending& pending, WallTime now);

  std::string gateway_;
  std::map<Subject, Pending> pending_;
};

}  // namespace sense

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

// Dead letters as events {urn:sense:management}dead-letter: the first at once, then at most one per
// minute and subscription, with their count, so that a failing callback does not flood the journal.
// One thread.
class DeadLetterNotices {
 public:
  static constexpr Duration interval = std::chrono::minutes{1};
  // Dead letters of further subscriptions are counted together, in notices without an id.
  static constexpr std::size_t subscriptions_max = 10'000;

  explicit DeadLetterNotices(std::string gateway) : gateway_(std::move(gateway)) {}

  // A dead-letter notice that is itself a dead letter is not reported: that would be a feedback
  // loop.
  void add(const Engine::DeadLetter& dead_letter);
  // The notices to publish now.
  [[nodiscard]] std::vector<Event> take_due(Timestamp now);

 private:
  struct Pending {
    std::uint64_t count = 0;
    Engine::DeadLetter last;
    MonoTime next{};
  };
  [[nodiscard]] Event event_of(const std::string& subscription, const Pending& pending,
                               WallTime now);

  std::string gateway_;
  std::map<std::string, Pending> pending_;  // by subscription
};

}  // namespace sense

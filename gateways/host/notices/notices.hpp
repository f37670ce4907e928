// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"
#include "gateways/host/engine/engine.hpp"

// The events by which a gateway tells of its own conditions (docs/management-events.md).
namespace sense {

// {urn:sense:management}gateway-started: its door is open.
[[nodiscard]] Event gateway_started_event(const std::string& gateway,
                                          const std::vector<std::string>& schemes,
                                          const std::vector<std::string>& listening, WallTime now);

// Publishes one of these. That the broker does not take it is logged, and no more.
void tell(Publisher& publisher, const Event& condition);

// Dead letters as events {urn:sense:management}dead-letter: at once, then at most one a minute for
// each subscription, with how many there were, so that a dead callback does not flood the journal.
// One thread.
class DeadLetterNews {
 public:
  static constexpr Duration interval = std::chrono::minutes{1};
  // Of further subscriptions, letters are counted together and told without an id.
  static constexpr std::size_t subscriptions_max = 10'000;

  explicit DeadLetterNews(std::string gateway) : gateway_(std::move(gateway)) {}

  // News that nobody took are no news themselves: they would never end.
  void note(const Engine::DeadLetter& letter);
  // What is to be published now.
  [[nodiscard]] std::vector<Event> take(Timestamp now);

 private:
  struct News {
    std::uint64_t count = 0;
    Engine::DeadLetter last;
    MonoTime next{};
  };
  [[nodiscard]] Event event_of(const std::string& subscription, const News& news, WallTime now);

  std::string gateway_;
  std::map<std::string, News> news_;  // by subscription
};

}  // namespace sense

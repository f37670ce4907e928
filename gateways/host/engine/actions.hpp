// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateways/api/gateway.hpp"

namespace sense {

// What the delivery engine wants done. Every input of the engine and of its queues fills one of
// these; the host takes it by Engine::take_actions() and performs it. Plain data.
struct Actions {
  // Attempt `delivery`, then call on_result() with `attempt_id`. `delivery->event` is null when the
  // event was released from memory: load it by `sequence` first. The same holds for the contents of
  // a digest, whose own event is always null: digest_notice() makes it once the contents are
  // loaded.
  struct Deliver {
    std::uint64_t attempt_id = 0;
    std::uint64_t sequence = 0;
    std::shared_ptr<Delivery> delivery;
  };
  struct DeadLetter {
    std::string subscription;
    std::uint64_t number = 0;
    std::uint64_t sequence = 0;
    std::uint32_t attempts = 0;
    std::string reason;
    std::string answer;
    EventRef event;          // null when released
    std::string owner = {};  // of the subscription
  };
  struct Suspension {
    std::string subscription;
    bool suspended = false;  // false: the callback works again
    std::string reason;
    std::string answer = {};  // the last one of the callback, for the log alone
  };

  std::vector<Deliver> deliver;
  std::vector<DeadLetter> dead_letters;
  std::vector<DeadLetter> expired;      // before they were delivered; not dead letters
  std::vector<std::string> gone;        // to end in the registry: the callback is gone
  std::vector<std::string> forget;      // subscriptions whose queue was removed
  std::vector<Suspension> suspensions;  // to write to the registry
  // A window was closed or a dead letter redriven. Neither may be attempted before it is stored,
  // since a crash could reproduce it differently. Take a checkpoint soon.
  bool checkpoint = false;

  [[nodiscard]] bool empty() const {
    return deliver.empty() && dead_letters.empty() && expired.empty() && gone.empty() &&
           forget.empty() && suspensions.empty() && !checkpoint;
  }
};

}  // namespace sense

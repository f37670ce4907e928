// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "broker/registry/registry.hpp"
#include "broker/security/sender.hpp"

namespace sense {

// How many subscriptions the sender of a request may have made, so that no client takes the room of
// the others. Principals that may manage, and those of the broker's machine and configuration that
// act for themselves, are not limited. Pure; a value.
class SubscriptionRoom {
 public:
  struct Limits {
    std::size_t per_principal = 10'000;
    std::size_t per_address = 2'500;  // of clients that have proved nothing
    std::size_t all = 1'000'000;      // of which those of other machines leave an eighth
  };
  explicit SubscriptionRoom(Limits limits) : limits_(limits) {}

  // `peer`: of the client that a gateway speaks for.
  [[nodiscard]] Registry::Account account_of(const Sender& sender, std::string_view peer) const;

 private:
  Limits limits_;
};

}  // namespace sense

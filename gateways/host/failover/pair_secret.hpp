// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "gateways/host/failover/replication_stream.hpp"

namespace sense {

// What the gateways of one kind share, so that none takes for a store of the other's what another
// principal has published: without a secret, the broker's rights are all that protects it. What is
// not signed with it is refused, counted and logged. One thread; the counters must outlive it.
struct PairSecret {
  std::string secret;  // empty: none
  Counters& counters;
  mutable log::RateLimiter log_limit{std::chrono::seconds{60}};

  [[nodiscard]] bool accepts(const Event& event, MonoTime now) const {
    if (is_signed(event, secret)) return true;
    ++counters["gateway.replication.refused"];
    if (const auto line = log_limit.check(event.principal, now); line.allowed)
      log::error(
          "replication was refused: it is not signed with this gateway's pair-key; is another "
          "gateway of this kind without it?",
          {{"principal", event.principal},
           {"type", event.type.clark()},
           {"event", std::to_string(event.sequence)},
           {"suppressed", std::to_string(line.suppressed)}});
    return false;
  }
};

}  // namespace sense

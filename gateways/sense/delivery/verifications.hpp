// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/base/counters.hpp"
#include "core/sense/message.hpp"
#include "gateways/sense/admission/quota.hpp"
#include "gateways/sense/model/actions.hpp"
#include "gateways/sense/model/limits.hpp"

namespace sense::datagram {

// VERIFY datagrams that wait for their answer: a Deliver-To that is not the requester's own address
// must consent to receive events. Pure; one thread. An address that did not ask gets at most three
// small datagrams per registration, of at most four registrations at a time. One requester has at
// most a quarter of all verifications in progress.
class Verifications {
 public:
  static constexpr std::uint32_t sends_max = 3;
  static constexpr std::size_t per_address_max = 4;

  // All must outlive this.
  Verifications(const Limits& limits, const std::vector<Listener>& listeners,
                const ServedSubscriptions& directory, const EgressPolicy& egress,
                Counters& counters);

  // Sends the VERIFY. Outcome: asked, failed (too many in progress), or refused, with the reason.
  [[nodiscard]] Verification start(const Subscription& subscription, std::string token,
                                   Timestamp now, Actions& out);
  // Whether another verification of this address may start, for a subscription of this owner.
  [[nodiscard]] Status admit(const Endpoint& endpoint, std::string_view owner) const;
  // Whether the challenge is plausible; then a Confirm is among the actions, and the host decides.
  bool on_ack(std::string_view subscription, std::string_view challenge, const Endpoint& from,
              Actions& out);
  void on_timer(Timestamp now, Actions& out);
  [[nodiscard]] std::optional<MonoTime> next_timer() const;
  void forget(std::string_view subscription);
  [[nodiscard]] std::size_t pending_count() const { return pending_.size(); }

 private:
  struct PendingVerification {
    std::string token;
    Peer to;
    std::string octets;
    std::uint32_t sent = 0;
    MonoTime due;
    std::string target;     // key of targets_: the address asked
    std::string requester;  // key of requesters_
  };
  using ById = std::map<std::string, PendingVerification, std::less<>>;
  void send(const std::string& id, PendingVerification& pending, Timestamp now, Actions& out);
  void erase(ById::iterator entry);

  const Limits& limits_;
  const std::vector<Listener>& listeners_;
  const ServedSubscriptions& directory_;
  const EgressPolicy& egress_;
  Counters::Counter& sent_;
  std::uint64_t tags_ = 0;
  ById pending_;  // by subscription
  std::set<std::pair<MonoTime, std::string>> due_;
  PerHostCounts targets_;
  PerHostCounts requesters_;
};

}  // namespace sense::datagram

// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/delivery/verifications.hpp"

#include "core/base/random.hpp"
#include "gateways/sense/model/peer_identity.hpp"

namespace sense::datagram {

namespace {
// Too many verifications in progress is temporary; an unusable address is not.
Verification not_started(const Error& error) {
  const bool passing = error.code == Code::nomoreroom;
  return {passing ? Verification::Outcome::failed : Verification::Outcome::refused, error.message};
}

// An owner that is an address is counted by host; any other, such as a key, by name.
std::string requester_of(std::string_view owner) {
  const auto endpoint = endpoint_of(owner);
  return endpoint ? host_identity(*endpoint) : "owner " + std::string(owner);
}

std::string target_of(const Endpoint& endpoint) { return endpoint.with_port(0).identity(); }
}  // namespace

Verifications::Verifications(const Limits& limits, const std::vector<Listener>& listeners,
                             const ServedSubscriptions& directory, const EgressPolicy& egress,
                             Counters& counters)
    : limits_(limits),
      listeners_(listeners),
      directory_(directory),
      egress_(egress),
      sent_(counters["sense.verifications.sent"]) {}

Verification Verifications::start(const Subscription& subscription, std::string token,
                                  Timestamp now, Actions& out) {
  const auto endpoint = endpoint_of(subscription.callback);
  if (!endpoint) return not_started(endpoint.error());
  if (auto status = may_be_target(*endpoint, egress_); !status) return not_started(status.error());
  forget(subscription.id);
  if (auto status = admit(*endpoint, subscription.owner); !status)
    return not_started(status.error());
  const auto listener = listener_for(listeners_, *endpoint, subscription);
  if (listener == listeners_.size())
    return {Verification::Outcome::refused, "no listener reaches " + subscription.callback};
  auto message = make_message(Kind::verify, "v" + std::to_string(++tags_));
  message.add("Subscription", subscription.id).add("Challenge", token);
  PendingVerification pending;
  pending.token = std::move(token);
  pending.to = {*endpoint, listener};
  pending.octets = serialize(message);
  pending.target = target_of(*endpoint);
  pending.requester = requester_of(subscription.owner);
  targets_.add(pending.target);
  requesters_.add(pending.requester);
  send(subscription.id, pending_[subscription.id] = std::move(pending), now, out);
  return {Verification::Outcome::asked, "asked " + subscription.callback};
}

Status Verifications::admit(const Endpoint& endpoint, std::string_view owner) const {
  if (pending_.size() >= limits_.max_pending)
    return fail(Code::nomoreroom, "too many verifications are in progress; try again in a minute");
  if (targets_.count(target_of(endpoint)) >= per_address_max)
    return fail(Code::nomoreroom,
                "verifications of that address are in progress; try again when it has answered");
  if (requesters_.count(requester_of(owner)) >= limits_.pending_per_host())
    return fail(Code::nomoreroom,
                "too many of your verifications are in progress; try again in a minute");
  return {};
}

void Verifications::send(const std::string& id, PendingVerification& pending, Timestamp now,
                         Actions& out) {
  ++pending.sent;
  ++sent_;
  pending.due = now.mono + limits_.pause_after(pending.sent);
  due_.emplace(pending.due, id);
  out.emplace_back(Send{pending.to, pending.octets});
}

void Verifications::erase(ById::iterator entry) {
  due_.erase({entry->second.due, entry->first});
  targets_.remove(entry->second.target);
  requesters_.remove(entry->second.requester);
  pending_.erase(entry);
}

bool Verifications::on_ack(std::string_view subscription, std::string_view challenge,
                           const Endpoint& from, Actions& out) {
  if (const auto found = pending_.find(subscription); found != pending_.end()) {
    const auto& pending = found->second;
    if (pending.to.address != from || !equal_secret(pending.token, challenge)) return false;
    out.emplace_back(Confirm{found->first, std::string(challenge)});
    erase(found);
    return true;
  }
  // The VERIFY was sent before a restart, or has timed out: the host knows the hash of the token.
  const auto known = directory_.find(subscription);
  if (!known || known->state != SubscriptionState::pending) return false;
  const auto endpoint = endpoint_of(known->callback);
  if (!endpoint || *endpoint != from) return false;
  out.emplace_back(Confirm{known->id, std::string(challenge)});
  return true;
}

void Verifications::on_timer(Timestamp now, Actions& out) {
  while (!due_.empty() && due_.begin()->first <= now.mono) {
    const auto entry = pending_.find(due_.begin()->second);
    if (entry->second.sent >= sends_max) {
      erase(entry);
      continue;
    }
    due_.erase(due_.begin());
    send(entry->first, entry->second, now, out);
  }
}

std::optional<MonoTime> Verifications::next_timer() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void Verifications::forget(std::string_view subscription) {
  if (const auto found = pending_.find(subscription); found != pending_.end()) erase(found);
}

}  // namespace sense::datagram

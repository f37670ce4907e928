// SPDX-License-Identifier: Apache-2.0
#include "core/http/connection_budget.hpp"

#include "core/http/request_guard.hpp"

namespace sense::http {

namespace {

using boost::asio::ip::address;

constexpr std::size_t peer_octets = 8;  // of an IPv6 address

std::string peer_of(const address& from) {
  const auto actual = as_connected(from);
  if (is_this_machine(actual)) return "this machine";
  if (actual.is_v4()) {
    const auto bytes = actual.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = actual.to_v6().to_bytes();
  return {bytes.begin(), bytes.begin() + peer_octets};
}

}  // namespace

bool ConnectionBudget::has_room(const Peer& peer) const {
  if (connections_.size() >= limits_.all) return false;
  if (peer.local) return true;
  if (foreign_ >= limits_.all - limits_.reserve()) return false;
  return limits_.per_address == 0 || peer.count < limits_.per_address;
}

// For a newcomer from another machine only connections from other machines go.
std::optional<ConnectionBudget::Id> ConnectionBudget::find_victim(const Peer& newcomer) const {
  const bool own_full =
      !newcomer.local && limits_.per_address != 0 && newcomer.count >= limits_.per_address;
  const Peer* most = own_full ? &newcomer : nullptr;
  for (const auto& [name, peer] : peers_) {
    if (own_full || (peer.local && !newcomer.local)) continue;
    if (most == nullptr || peer.count > most->count) most = &peer;
  }
  if (most == nullptr || most->waiting.empty()) return std::nullopt;
  if (most != &newcomer && most->count <= newcomer.count) return std::nullopt;
  return most->waiting.begin()->second;
}

ConnectionBudget::Decision ConnectionBudget::open(const address& from) {
  const auto name = peer_of(from);
  auto& peer = peers_[name];
  peer.local = is_this_machine(from);
  Decision decision;
  if (!has_room(peer)) {
    decision.closed = find_victim(peer);
    if (!decision.closed) {
      if (peer.count == 0) peers_.erase(name);
      return decision;
    }
  }
  const auto id = ++last_;
  ++peer.count;
  foreign_ += peer.local ? 0 : 1;
  connections_.emplace(id, Connection{name, std::nullopt});
  set_waiting(id, true);
  if (decision.closed) close(*decision.closed);
  decision.admitted = id;
  return decision;
}

void ConnectionBudget::set_waiting(Id id, bool waiting) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  auto& [name, since] = found->second;
  auto& peer = peers_.at(name);
  if (since) peer.waiting.erase(*since);
  since.reset();
  if (!waiting) return;
  since = ++last_;
  peer.waiting.emplace(*since, id);
}

void ConnectionBudget::close(Id id) {
  set_waiting(id, false);
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const auto place = peers_.find(found->second.peer);
  foreign_ -= place->second.local ? 0 : 1;
  if (--place->second.count == 0) peers_.erase(place);
  connections_.erase(found);
}

}  // namespace sense::http

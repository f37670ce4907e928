// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/dtls/sessions.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "gateways/sense/dtls/record.hpp"
#include "gateways/sense/model/peer_identity.hpp"

namespace sense::datagram {

namespace {
// OpenSSL keeps the retransmission time by another clock than ours: without a least pause, a clock
// that stands still would make this one spin.
constexpr std::chrono::milliseconds timer_pause_min{20};
}  // namespace

DtlsSessions::DtlsSessions(DtlsContext context, const Limits& limits, Counters& counters,
                           std::string cookie_key)
    : limits_(limits),
      hellos_(std::move(context), std::move(cookie_key)),
      counts_{counters["sense.dtls.hellos"],  counters["sense.dtls.opened"],
              counters["sense.dtls.failed"],  counters["sense.dtls.expired"],
              counters["sense.dtls.refused"], counters["sense.dtls.closed"],
              counters["sense.dtls.idle"],    counters["sense.dtls.dropped"],
              counters["sense.dtls.unsent"]} {}

void DtlsSessions::on_datagram(std::string_view octets, const Endpoint& from, MonoTime now,
                               DtlsOutput& out) {
  const auto record = read_dtls_record(octets);
  if (!record) {
    ++counts_.dropped;
    return;
  }
  const auto handshake = handshakes_.find(from);
  const auto session = sessions_.find(from);
  if (!record->hello_random.empty()) {
    // A repeat of a hello changes nothing: what was lost is repeated by the timer.
    const auto began = [&](const SessionMap& map, SessionMap::const_iterator found) {
      return found != map.end() && found->second->hello_random == record->hello_random;
    };
    if (!began(handshakes_, handshake) && !began(sessions_, session))
      on_hello(octets, record->hello_random, from, now, out);
    return;
  }
  const bool for_session =
      record->content == DtlsContent::application_data ||
      (record->content == DtlsContent::alert && record->epoch != 0 && session != sessions_.end());
  if (handshake != handshakes_.end() && (!for_session || session == sessions_.end()))
    feed(*handshake->second, octets, now, out);
  else if (session != sessions_.end())
    feed(*session->second, octets, now, out);
  else
    ++counts_.dropped;
}

void DtlsSessions::on_hello(std::string_view octets, std::string_view random, const Endpoint& from,
                            MonoTime now, DtlsOutput& out) {
  ++counts_.hellos;
  auto connection = hellos_.on_hello(octets, from, now, out);
  if (!connection) return;
  expire_failed(now);
  if (const auto before = handshakes_.find(from); before != handshakes_.end())
    fail_handshake(*before->second, now);
  if (!has_place(from)) {
    ++counts_.refused;
    return;
  }
  per_host_.add(host_identity(from));
  auto session = std::make_unique<Session>();
  session->peer = from;
  session->connection = std::move(connection);
  session->hello_random = random;
  session->deadline = now + limits_.dtls_handshake;
  auto& begun = *handshakes_.emplace(from, std::move(session)).first->second;
  set_timer(begun, begun.deadline);
  begun.connection->start();
  collect(begun, now, out);
}

bool DtlsSessions::has_place(const Endpoint& from) const {
  return places() < limits_.dtls_sessions &&
         per_host_.count(host_identity(from)) < limits_.dtls_sessions_per_host;
}

void DtlsSessions::feed(Session& session, std::string_view octets, MonoTime now, DtlsOutput& out) {
  session.connection->receive(octets);
  collect(session, now, out);
}

void DtlsSessions::flush(Session& session, DtlsOutput& out) {
  for (auto& datagram : session.connection->take_outgoing())
    out.send.push_back({session.peer, std::move(datagram)});
}

// Passes on what a connection has produced. The session may be gone afterwards.
void DtlsSessions::collect(Session& session, MonoTime now, DtlsOutput& out) {
  flush(session, out);
  auto received = session.connection->take_received();
  const bool opened = !session.identity && session.connection->has_opened();
  if (opened) session.identity = std::make_shared<SessionIdentity>(session.connection->identity());
  for (auto& octets : received)
    out.received.push_back({session.peer, std::move(octets), session.identity});
  if (opened || !received.empty()) session.deadline = now + limits_.dtls_idle;
  if (opened) {
    ++counts_.opened;
    auto moved = handshakes_.extract(session.peer);
    if (sessions_.contains(session.peer)) erase(sessions_, session.peer);
    sessions_.insert(std::move(moved));
  }
  settle(session, now);
}

// Removes the session when it is closed; else sets its timer.
void DtlsSessions::settle(Session& session, MonoTime now) {
  if (session.connection->state() == DtlsConnection::State::closed) {
    if (!session.identity) return fail_handshake(session, now);
    ++counts_.closed;
    return erase(sessions_, session.peer);
  }
  auto due = session.deadline;
  if (const auto left = session.connection->next_timeout())
    due = std::min(due, now + std::max<Duration>(*left, timer_pause_min));
  // An open session's timer may be early: its deadline moves with every datagram received.
  if (!session.identity || session.timer > due || session.connection->next_timeout())
    set_timer(session, due);
}

void DtlsSessions::set_timer(Session& session, MonoTime due) {
  timers_.erase({session.timer, &session});
  session.timer = due;
  timers_.emplace(due, &session);
}

void DtlsSessions::on_timer(MonoTime now, DtlsOutput& out) {
  expire_failed(now);
  while (!timers_.empty() && timers_.begin()->first <= now)
    on_session_timer(*timers_.begin()->second, now, out);
}

void DtlsSessions::on_session_timer(Session& session, MonoTime now, DtlsOutput& out) {
  if (session.deadline <= now) {
    if (!session.identity) {
      ++counts_.expired;
      return erase(handshakes_, session.peer);
    }
    ++counts_.idle;
    session.connection->close();
    flush(session, out);
    return erase(sessions_, session.peer);
  }
  set_timer(session, session.deadline);
  session.connection->on_timeout();
  flush(session, out);
  settle(session, now);
}

std::optional<MonoTime> DtlsSessions::next_timer() const {
  std::optional<MonoTime> due;
  if (!timers_.empty()) due = timers_.begin()->first;
  if (!failed_.empty()) due = due ? std::min(*due, failed_.front().until) : failed_.front().until;
  return due;
}

bool DtlsSessions::send(const Endpoint& to, std::string_view key, std::string_view octets,
                        DtlsOutput& out) {
  const auto found = sessions_.find(to);
  if (found == sessions_.end() || found->second->identity->key != key ||
      !found->second->connection->send(octets)) {
    ++counts_.unsent;
    return false;
  }
  flush(*found->second, out);
  return true;
}

void DtlsSessions::fail_handshake(Session& session, MonoTime now) {
  ++counts_.failed;
  auto host = host_identity(session.peer);
  per_host_.add(host);
  // Now, not at its deadline: later ones end later, so that the queue is in order.
  failed_.push_back({now + limits_.dtls_handshake, std::move(host)});
  erase(handshakes_, session.peer);
}

void DtlsSessions::expire_failed(MonoTime now) {
  while (!failed_.empty() && failed_.front().until <= now) {
    per_host_.remove(failed_.front().host);
    failed_.pop_front();
  }
}

void DtlsSessions::erase(SessionMap& map, const Endpoint& peer) {
  const auto found = map.find(peer);
  SENSE_CHECK(found != map.end());
  timers_.erase({found->second->timer, found->second.get()});
  per_host_.remove(host_identity(found->second->peer));
  map.erase(found);
}

void DtlsSessions::set_keys(const std::vector<SharedKey>& keys, DtlsOutput& out) {
  const auto changed = hellos_.set_keys(keys);
  if (changed.empty()) return;
  close_where(handshakes_, changed, out);
  close_where(sessions_, changed, out);
}

void DtlsSessions::close_where(SessionMap& map, const std::set<std::string>& keys,
                               DtlsOutput& out) {
  std::vector<Endpoint> ended;
  for (const auto& [peer, session] : map)
    if (keys.contains(session->connection->key_name())) ended.push_back(peer);
  for (const auto& peer : ended) {
    auto& session = *map.at(peer);
    session.connection->close();
    flush(session, out);
    erase(map, peer);
  }
}

void DtlsSessions::close(DtlsOutput& out) {
  for (auto& [peer, session] : sessions_) {
    session->connection->close();
    flush(*session, out);
  }
  timers_.clear();
  failed_.clear();
  handshakes_.clear();
  sessions_.clear();
  per_host_ = {};
}

}  // namespace sense::datagram

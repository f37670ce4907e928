// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/counters.hpp"
#include "gateways/sense/admission/quota.hpp"
#include "gateways/sense/dtls/hello_listener.hpp"
#include "gateways/sense/model/limits.hpp"

namespace sense::datagram {

// The DTLS sessions of one listener, without socket and clock: at most one for each address, and
// beside it at most one handshake, whose success replaces the session (RFC 6347 section 4.2.8). So
// neither a forged nor a repeated hello ends a session.
//
// An address takes no memory, and gets less octets than it sent, until it has returned its cookie.
// Then it has a place, of dtls-sessions and of the dtls-sessions-per-host of its host; a handshake
// that fails keeps its place until its deadline, which bounds the cost of handshakes. A hello
// without a place is not answered. Sessions end by close_notify, after dtls-idle without a datagram
// from the client, and when their key is removed or changed.
//
// Counters, each sense.dtls.NAME: hellos, opened, failed, expired (handshakes), refused (no place),
// closed, idle (sessions), dropped (datagrams without session, or not of DTLS), unsent (datagrams
// for an address without a session of that key). One thread.
class DtlsSessions {
 public:
  // The references must outlive this. `cookie_key`: 32 unguessable octets.
  DtlsSessions(DtlsContext context, const Limits& limits, Counters& counters,
               std::string cookie_key);
  DtlsSessions(const DtlsSessions&) = delete;
  DtlsSessions& operator=(const DtlsSessions&) = delete;

  void on_datagram(std::string_view octets, const Endpoint& from, MonoTime now, DtlsOutput& out);
  // Sends one datagram of SENSE in the session with that address, if there is one and its key has
  // that name ("": it has no key). False: there is none, or the datagram is too long.
  bool send(const Endpoint& to, std::string_view key, std::string_view octets, DtlsOutput& out);
  void on_timer(MonoTime now, DtlsOutput& out);
  // When to call on_timer next; nothing: not needed. May be early.
  [[nodiscard]] std::optional<MonoTime> next_timer() const;

  // Replaces the shared keys. Sessions and handshakes of keys that are no longer the same end.
  void set_keys(const std::vector<SharedKey>& keys, DtlsOutput& out);
  // Ends all of them.
  void close(DtlsOutput& out);

  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }
  // Addresses that have a place: sessions, handshakes, and failed handshakes.
  [[nodiscard]] std::size_t places() const {
    return sessions_.size() + handshakes_.size() + failed_.size();
  }

 private:
  struct Session {
    Endpoint peer;
    std::unique_ptr<DtlsConnection> connection;
    std::string hello_random;
    std::shared_ptr<const SessionIdentity> identity;  // null: the handshake is under way
    MonoTime deadline;                                // of the handshake, or of being idle
    MonoTime timer;                                   // its entry in timers_
  };
  using SessionMap = std::unordered_map<Endpoint, std::unique_ptr<Session>, Endpoint::Hasher>;
  struct FailedHandshake {
    MonoTime until;
    std::string host;
  };

  void on_hello(std::string_view octets, std::string_view random, const Endpoint& from,
                MonoTime now, DtlsOutput& out);
  [[nodiscard]] bool has_place(const Endpoint& from) const;
  void feed(Session& session, std::string_view octets, MonoTime now, DtlsOutput& out);
  void collect(Session& session, MonoTime now, DtlsOutput& out);
  void settle(Session& session, MonoTime now);
  void set_timer(Session& session, MonoTime due);
  void on_session_timer(Session& session, MonoTime now, DtlsOutput& out);
  void fail_handshake(Session& session, MonoTime now);
  void erase(SessionMap& map, const Endpoint& peer);
  void close_where(SessionMap& map, const std::set<std::string>& keys, DtlsOutput& out);
  void expire_failed(MonoTime now);
  static void flush(Session& session, DtlsOutput& out);

  const Limits& limits_;
  HelloListener hellos_;
  SessionMap handshakes_;
  SessionMap sessions_;
  std::deque<FailedHandshake> failed_;  // oldest first
  PerHostCounts per_host_;              // places
  std::set<std::pair<MonoTime, Session*>> timers_;

  struct Counts {
    Counters::Counter& hellos;
    Counters::Counter& opened;
    Counters::Counter& failed;
    Counters::Counter& expired;
    Counters::Counter& refused;
    Counters::Counter& closed;
    Counters::Counter& idle;
    Counters::Counter& dropped;
    Counters::Counter& unsent;
  } counts_;
};

}  // namespace sense::datagram

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace boost::asio::ip {
class address;
}

namespace sense::http {

// How many connections one server has: in all, for one address (of IPv6 the /64), and with a
// reserve for this machine, to which the limit for one address does not apply, since a proxy there
// speaks for many. A connection waits while it is its client's turn: to send a request, slowly or
// not at all. When there is no room, a newcomer takes the place of the connection that has waited
// longest of those of the address with the most; it is rejected when that address has no more than
// its own, or none of them waits. Counts what it is told of, so its memory is bounded by `all`.
// Pure; one thread.
class ConnectionBudget {
 public:
  using Id = std::uint64_t;
  struct Limits {
    std::size_t all = 256;
    std::size_t per_address = 0;  // 0: no limit
    // Of `all`, what other machines leave to this one.
    [[nodiscard]] std::size_t reserve() const { return all / 8; }
  };
  explicit ConnectionBudget(Limits limits) : limits_(limits) {}

  struct Decision {
    std::optional<Id> admitted;  // nothing: rejected
    std::optional<Id> closed;    // this connection has to go; it is not counted any more
  };
  // A connection has come; it waits.
  [[nodiscard]] Decision open(const boost::asio::ip::address& from);
  // Its request is complete and being handled, or it waits again. An unknown id is ignored.
  void set_waiting(Id id, bool waiting);
  // It has ended. An unknown id is ignored.
  void close(Id id);

  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  struct Peer {
    std::size_t count = 0;
    std::map<std::uint64_t, Id> waiting;  // by when it began, the longest first
    bool local = false;
  };
  struct Connection {
    std::string peer;
    std::optional<std::uint64_t> waiting_since;
  };
  [[nodiscard]] bool has_room(const Peer& peer) const;
  [[nodiscard]] std::optional<Id> find_victim(const Peer& newcomer) const;

  const Limits limits_;
  std::map<std::string, Peer> peers_;
  std::unordered_map<Id, Connection> connections_;
  std::size_t foreign_ = 0;  // connections from other machines
  std::uint64_t last_ = 0;   // id, or moment of waiting
};

}  // namespace sense::http

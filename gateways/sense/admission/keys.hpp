// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/base/clock.hpp"
#include "core/sense/keyed.hpp"
#include "core/sense/message.hpp"

namespace sense::datagram {

// The shared keys of a server, and the keyed messages seen, for protection against replay. Pure;
// one thread. Memory is bounded by seen_max messages for all keys together and by a share of it for
// each key, so that the traffic of one key cannot displace messages of another.
class Keys {
 public:
  static constexpr std::size_t seen_max = 262'144;
  static constexpr std::size_t seen_per_key_max = 4'096;
  // A message is executed only with a cookie, and no cookie is valid for longer than this.
  static constexpr std::chrono::minutes seen_for{10};

  // `window`: largest accepted difference between a message's Time and the clock of this server.
  Keys(std::vector<SharedKey> keys, Duration window);

  // Replaces the keys. The messages seen of unchanged keys are kept.
  void replace(std::vector<SharedKey> keys);
  [[nodiscard]] bool contains(std::string_view name) const { return keys_.contains(name); }

  using MacPrefix = std::array<char, 16>;  // first octets of a Mac
  // What is known of a keyed message once its Mac has been checked. A value.
  struct Verdict {
    std::string key;               // name, authenticated by the Mac; "": not authenticated
    std::optional<Error> refusal;  // protoerror: not a valid keyed message; else noaccess
    WallTime time;
    MacPrefix mac_prefix{};
  };
  // Authenticates a keyed message and checks its Time. An unknown name and a wrong Mac give the
  // same result, after the same work.
  [[nodiscard]] Verdict check(const Message& message, std::string_view octets, WallTime now) const;

  // Records a message that is about to be executed. noaccess: it has been seen, or is older than
  // the oldest one recorded; nomoreroom: the records are full of messages dated ahead of this
  // clock, and dropping one of them would refuse all that are dated correctly. REQUIRES:
  // verdict.key is known and there is no refusal.
  [[nodiscard]] Status admit(const Verdict& verdict, Timestamp now);

  // Signs octets of serialize(); false: the key is unknown.
  [[nodiscard]] bool sign(std::string_view name, std::string& octets, WallTime now) const;
  [[nodiscard]] std::size_t seen() const;

 private:
  struct Seen {
    WallTime time;
    MacPrefix mac_prefix;
    MonoTime since;
    friend bool operator<(const Seen& left, const Seen& right) {
      return std::tie(left.time, left.mac_prefix) < std::tie(right.time, right.mac_prefix);
    }
  };
  struct KeyState {
    SharedKey key;
    std::set<Seen> seen;
    // Messages up to this Time count as seen: their records were dropped for lack of room.
    // For seen_for, since no cookie is valid for longer: one that was set while the clock was ahead
    // would otherwise refuse all messages until then.
    std::optional<WallTime> floor;
    MonoTime floor_since;
  };
  [[nodiscard]] std::size_t seen_limit() const;

  std::map<std::string, KeyState, std::less<>> keys_;
  Duration window_;
  std::string decoy_secret_;  // checked in place of an unknown key, for constant time
};

}  // namespace sense::datagram

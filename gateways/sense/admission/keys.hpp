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

// The shared keys of a server, and which of their messages have been seen. Pure; one thread. Memory
// is bounded: for all keys together seen_max messages, and each key has its own share of that, so
// that no key can make another's messages be forgotten.
class Keys {
 public:
  static constexpr std::size_t seen_max = 262'144;
  static constexpr std::size_t seen_per_key_max = 4'096;
  // A message is carried out only with a cookie, which lives no longer than this: then it need not
  // be remembered either.
  static constexpr std::chrono::minutes seen_for{10};

  // `window`: how far a message's Time may be from ours.
  Keys(std::vector<SharedKey> keys, Duration window);

  // Others hold from now on. What was seen of those that stay is remembered.
  void replace(std::vector<SharedKey> keys);
  [[nodiscard]] bool contains(std::string_view name) const { return keys_.contains(name); }

  using MacPrefix = std::array<char, 16>;  // the first octets of a Mac
  struct Verdict {
    std::string key;               // the name, once the Mac has proved it; "": nothing is proved
    std::optional<Error> refusal;  // protoerror: no keyed message at all; noaccess
    WallTime time;
    MacPrefix mac_prefix{};
  };
  // Whose a keyed message is, and whether its time is near enough. An unknown name and a wrong Mac
  // give the same answer, after the same work.
  [[nodiscard]] Verdict check(const Message& message, std::string_view octets, WallTime now) const;

  // Takes note that the message is carried out. noaccess when it was before, or is older than the
  // oldest that is remembered; nomoreroom when so many are dated ahead of our clock that to forget
  // one would refuse all that are not. REQUIRES: verdict.key is known and there is no refusal.
  [[nodiscard]] Status admit(const Verdict& verdict, Timestamp now);

  // Signs octets of serialize(); false when the key is not known any more.
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
    // All up to here counts as seen: what was forgotten because there was no more room.
    std::optional<WallTime> floor;
  };
  [[nodiscard]] std::size_t seen_limit() const;

  std::map<std::string, KeyState, std::less<>> keys_;
  Duration window_;
  std::string decoy_secret_;  // stands in for the secret of a key that is not known
};

}  // namespace sense::datagram

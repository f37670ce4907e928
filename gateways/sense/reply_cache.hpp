// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "core/base/clock.hpp"
#include "gateways/sense/model/address.hpp"

namespace sense::datagram {

// The replies of the last five minutes, so that a repeated request gets the same one and is not
// carried out again. Only for addresses that returned a cookie. Bounded, in number and in octets.
// When an address has too many, its oldest goes; when there are too many in all, the oldest of the
// hosts that have most: nobody can push out what is kept for those that ask for less.
class ReplyCache {
 public:
  static constexpr std::chrono::minutes kept{5};
  static constexpr std::size_t per_address_max = 256;
  static constexpr std::size_t all_max = 16'384;
  static constexpr std::size_t octets_max = 32 * 1024 * 1024;

  struct Entry {
    Endpoint address;
    std::string tag;
    std::string cookie;  // that the request came with
    std::string key;     // that signed it; "": none
    MonoTime since;
    std::optional<std::string> octets;  // absent: the request is being worked on; without a Mac
  };

  // Null when there is none, or it is too old. Valid until the next call.
  [[nodiscard]] const Entry* find(const Endpoint& address, std::string_view tag,
                                  MonoTime now) const;
  // In place of what was there for that address and tag.
  void begin(const Endpoint& address, std::string_view tag, std::string_view cookie,
             std::string_view key, MonoTime now);
  // Does nothing when the entry has been pushed out meanwhile.
  void finish(const Endpoint& address, std::string_view tag, std::string octets);
  void expire(MonoTime now);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t octets() const { return octets_; }

 private:
  struct StoredEntry;
  using Entries = std::list<StoredEntry>;  // oldest first
  using EntryRefs = std::list<Entries::iterator>;
  struct StoredEntry : Entry {
    std::uint64_t number = 0;  // 1, 2, 3 ...: its age
    std::string host;
    EntryRefs::iterator of_address;
    EntryRefs::iterator of_host;
  };
  struct Address {
    std::map<std::string, Entries::iterator, std::less<>> by_tag;
    EntryRefs oldest_first;
  };
  // Whose oldest entry is to go: that of the largest size, then of the greatest age.
  struct Rank {
    std::size_t size = 0;
    std::uint64_t oldest = 0;
    std::string host;
    friend bool operator<(const Rank& left, const Rank& right) {
      return std::tie(left.size, right.oldest, left.host) <
             std::tie(right.size, left.oldest, right.host);
    }
  };
  [[nodiscard]] static Rank rank_of(const std::string& host, const EntryRefs& refs);
  void drop(Entries::iterator entry);
  void make_room();

  Entries entries_;
  std::map<Endpoint, Address> addresses_;
  std::map<std::string, EntryRefs> hosts_;
  std::set<Rank> ranks_;
  std::size_t octets_ = 0;
  std::uint64_t numbers_ = 0;
};

}  // namespace sense::datagram

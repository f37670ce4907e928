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

// Replies of the last five minutes: a repeated request gets the same reply and is not executed
// again. Only for addresses that returned a cookie. Pure; one thread. Bounded in entries and in
// octets: over the limit of one address its oldest entry is dropped; over the total limit, the
// oldest entry of the host with the most entries. A host therefore cannot displace the entries of
// hosts with fewer.
class ReplyCache {
 public:
  static constexpr std::chrono::minutes kept{5};
  static constexpr std::size_t per_address_max = 256;
  static constexpr std::size_t all_max = 16'384;
  static constexpr std::size_t octets_max = 32 * 1024 * 1024;

  // One request, and its reply once there is one.
  struct Entry {
    Endpoint address;
    std::string tag;
    std::string cookie;  // of the request
    std::string key;     // name of the key that signed it; "": none
    MonoTime since;
    std::optional<std::string> octets;  // unsigned; absent: the request is in progress
  };

  // Null: no entry, or older than `kept`. Valid until the next call.
  [[nodiscard]] const Entry* find(const Endpoint& address, std::string_view tag,
                                  MonoTime now) const;
  // Adds an entry without a reply; replaces an entry of the same address and tag.
  void begin(const Endpoint& address, std::string_view tag, std::string_view cookie,
             std::string_view key, MonoTime now);
  // Sets the reply. No effect when the entry has been dropped.
  void finish(const Endpoint& address, std::string_view tag, std::string octets);
  void expire(MonoTime now);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t octets() const { return octets_; }

 private:
  struct StoredEntry;
  using Entries = std::list<StoredEntry>;  // oldest first
  using EntryRefs = std::list<Entries::iterator>;
  struct StoredEntry : Entry {
    std::uint64_t number = 0;  // ascending: a lower one is older
    std::string host;
    EntryRefs::iterator of_address;
    EntryRefs::iterator of_host;
  };
  struct Address {
    std::map<std::string, Entries::iterator, std::less<>> by_tag;
    EntryRefs oldest_first;
  };
  // Order of displacement: the host with the most entries; among equals, with the oldest entry.
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

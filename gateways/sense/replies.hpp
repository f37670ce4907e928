#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "gateways/sense/address.hpp"

namespace sense::datagram {

// The replies of the last five minutes, so that a repeated request gets the same one and is not
// carried out again. Only for addresses that returned a cookie. Bounded: the oldest go first, those
// of the same address when it has too many.
class Replies {
 public:
  static constexpr std::chrono::minutes kept{5};
  static constexpr std::size_t per_address_max = 256;
  static constexpr std::size_t all_max = 16'384;

  struct Entry {
    Endpoint address;
    std::string tag;
    std::string cookie;  // that the request came with
    MonoTime since;
    std::optional<std::string> octets;  // absent: the request is being worked on
  };

  // Null when there is none, or it is too old. Valid until the next call.
  [[nodiscard]] const Entry* find(const Endpoint& address, std::string_view tag,
                                  MonoTime now) const;
  void begin(const Endpoint& address, std::string_view tag, std::string_view cookie, MonoTime now);
  // Does nothing when the entry has been pushed out meanwhile.
  void finish(const Endpoint& address, std::string_view tag, std::string octets);
  void expire(MonoTime now);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<Entry>;  // oldest first
  using ByTag = std::map<std::string, Entries::iterator, std::less<>>;
  void drop(Entries::iterator entry);

  Entries entries_;
  std::map<Endpoint, ByTag> index_;
};

}  // namespace sense::datagram

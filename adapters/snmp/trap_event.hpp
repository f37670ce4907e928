// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "adapters/snmp/trap.hpp"
#include "core/base/clock.hpp"
#include "core/event/event.hpp"

// From a notification to an event. Pure: no sockets, no clocks.
namespace sense::snmp {

// The peer that a datagram came from. A value.
struct Sender {
  std::string address;  // "192.0.2.7", "2001:db8::7", "fe80::7%eth0"
  std::uint16_t port = 0;
};

// What the operator decides of the events. A value.
struct EventRules {
  std::string ns;             // namespace of the types
  std::string source_prefix;  // what precedes the address
};

// "coldStart", "oid.1.3.6.1.4.1.9.0.5": a name that XML takes, at most QName::local_length_max
// octets.
[[nodiscard]] std::string type_name_of(std::string_view trap_oid);

// "//192.0.2.7/snmp", "//[2001:db8::7]/snmp". Without the zone of an address: it is a name on this
// machine.
[[nodiscard]] std::string source_of(std::string_view prefix, std::string_view address);

// The event, without its id; everything else has been validated. Fails when the type's namespace or
// the source cannot be one, or the data is too long.
[[nodiscard]] Result<Event> trap_event(const Trap& trap, const Sender& sender,
                                       const EventRules& rules, WallTime received);

// Ids for informs. A sender repeats an inform until it is answered; every repetition must get the
// same id, so that the broker recognises the duplicate. Within `window` the table ensures that; the
// id is derived from the message and the window's number, so that it survives a restart as well.
// Bounded: the oldest entries are evicted first. One thread.
class InformIds {
 public:
  static constexpr Duration window = std::chrono::minutes{5};
  static constexpr std::size_t ids_max = 65'536;

  explicit InformIds(std::size_t limit = ids_max) : limit_(limit) {}

  // `event` is the one made of `trap`.
  [[nodiscard]] std::string id_of(const Trap& trap, const Sender& sender, const Event& event,
                                  const Timestamp& now);
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

 private:
  struct Entry {
    std::string id;
    MonoTime first;
  };
  void forget(MonoTime now);

  std::size_t limit_;
  std::map<std::string, Entry, std::less<>> ids_;
  std::deque<std::pair<MonoTime, std::string>> order_;  // oldest first
};

}  // namespace sense::snmp

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/event/event.hpp"

namespace sense {

// What one principal did, or was refused. A value; an empty text: there is none. Long texts are cut
// when it is written. REQUIRES: no secrets and no payloads.
struct AuditEntry {
  enum class Kind { refused, changed };

  Kind kind = Kind::refused;
  std::string principal;  // as authenticated
  std::string via;        // the principal of the gateway that speaks for it
  std::string gateway;    // what that gateway calls itself
  std::string peer;       // the client's address
  std::string operation;  // of the bus protocol; CONNECT, SUBSCRIBE or ACCESS-FILE
  std::string entry;      // the kind of the registry's entry
  std::string key;        // of the entry; of CONNECT the public key
  std::string type;       // of an event; of SUBSCRIBE the topic
  Code code = Code::noerror;
  std::string reason;
  // It is void when the group that is being committed is not stored.
  bool with_group = false;
  // Entries of this kind since the last one: those that a gateway left out, and, by AuditTrail, the
  // others.
  std::uint64_t left_out = 0;
};

// The entries of the audit trail that wait to be stored, as events of {urn:sense:audit}. So many of
// each kind are taken in a second for one principal, and so many in all; the others are counted, in
// a counter and in the next entry: nothing that a client does floods the journal. At most 1,000
// wait. Any thread may add; the one that commits takes. Pure except for the fresh ids.
class AuditTrail {
 public:
  static constexpr std::size_t waiting_max = 1'000;
  static constexpr std::size_t due_max = 200;  // in one group
  // After a group that was not stored, since there may be no room.
  static constexpr Duration silence = std::chrono::seconds{5};

  struct Limits {  // entries of each kind in a second
    std::uint64_t per_principal = 10;
    std::uint64_t in_all = 100;
  };
  // The counters must outlive it.
  AuditTrail(Limits limits, Counters& counters);

  // Whether an entry is to be made: asked first, since one that is left out must cost little.
  [[nodiscard]] bool takes(AuditEntry::Kind kind, std::string_view principal, MonoTime now);
  // REQUIRES: takes() said so.
  void add(AuditEntry entry);
  // A gateway left out so many, and its entry is left out, too.
  void leave_out(AuditEntry::Kind kind, std::uint64_t count);

  // The events to store now. They stay due until stored() or undone() is called.
  [[nodiscard]] std::vector<Event> due(Timestamp now);
  void stored();
  void undone(MonoTime now);

 private:
  struct OfKind {
    MonoTime second{};                                        // when it began
    std::map<std::string, std::uint64_t, std::less<>> taken;  // in it, by principal
    std::uint64_t taken_in_all = 0;
    std::uint64_t left_out = 0;
  };
  [[nodiscard]] OfKind& of(AuditEntry::Kind kind) { return kinds_[static_cast<std::size_t>(kind)]; }

  [[nodiscard]] bool has_room(OfKind& kind, std::string_view principal, MonoTime now);

  const Limits limits_;
  std::mutex mutex_;
  Counters& counters_;
  std::array<OfKind, 2> kinds_;
  std::vector<AuditEntry> waiting_;  // the first `offered_` of them are due
  std::size_t offered_ = 0;
  MonoTime silent_until_{};
};

}  // namespace sense

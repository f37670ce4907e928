// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/event/event.hpp"

// The replication stream: the store of a leader on its way to its standbys, as events of namespace
// urn:sense:gateway in the broker's journal, which delivers them once and in order, also to a
// standby that was not running. A stream is one copy of the whole store, then sets of changes.
// Values, and functions that are pure except for fresh ids.
namespace sense {

// One event of a stream, without the octets that it carries.
struct ReplicationPart {
  static constexpr std::size_t octets_max = 512 * 1024;  // that a leader puts into one

  std::string kind;  // gateway kind
  std::uint64_t token = 0;
  std::string stream;
  std::uint64_t number = 0;  // 1, 2, 3 ... in the stream
  bool changes = false;      // of a set of changes, not of the copy
  bool last = false;         // of the copy or of the set
};

// The secret that the gateways of one kind share, in the following; empty: they share none, and
// nothing is signed.

// The octets are the event's data.
[[nodiscard]] Event to_event(const ReplicationPart& part, const std::string& gateway,
                             std::string octets, WallTime now, const std::string& secret = {});
// nullopt when it is another event, malformed, or its checksum is wrong.
[[nodiscard]] std::optional<ReplicationPart> replication_part(const Event& event);

// What a standby publishes periodically: that it runs, and which stream it has followed without a
// gap. Empty: none.
struct StandbyHeartbeat {
  std::string gateway;
  std::string kind;
  std::string stream;
};
[[nodiscard]] Event to_event(const StandbyHeartbeat& heartbeat, WallTime now,
                             const std::string& secret = {});
[[nodiscard]] std::optional<StandbyHeartbeat> standby_heartbeat(const Event& event);

// Whether the event is as one with that secret has signed it: an HMAC-SHA256 over type, source,
// kind, stream, token, part, whether it is the last, and the data.
[[nodiscard]] bool is_signed(const Event& event, const std::string& secret);

inline constexpr std::string_view standby_heartbeat_type = "{urn:sense:gateway}standby";

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/snmp/varbind.hpp"
#include "core/base/error.hpp"

// SNMPv1 and SNMPv2c notifications. Values and pure functions; any thread.
namespace sense::snmp {

// The prefix of the six standard traps' object identifiers (RFC 3418 section 2, snmpTraps).
inline constexpr std::string_view standard_traps = "1.3.6.1.6.3.1.1.5.";

// A notification, independent of the protocol version.
struct Trap {
  int version = 2;  // 1: SNMPv1, 2: SNMPv2c
  bool inform = false;
  std::int64_t request_id = 0;  // 0 in version 1, and when it cannot be read
  std::string community;        // a secret: never shown
  // Hundredths of a second; absent when the trap has none that can be read.
  std::optional<std::uint64_t> uptime;
  std::string trap_oid;    // in version 1 by RFC 3584 section 3.1
  std::string enterprise;  // empty when not given
  std::string agent;       // version 1: the device that the trap is about; empty: 0.0.0.0
  std::vector<Varbind> varbinds;
  std::size_t varbinds_left_out = 0;  // beyond the limit
  // The list of variables is missing or cut short, or has an entry without a readable name.
  bool truncated = false;
};

// Reads an SNMPv1 trap (RFC 1157 section 4.1.6), or an SNMPv2c trap or inform (RFC 3416 section
// 4.2.6), and keeps at most `varbinds_max` variables. What cannot be read behind the head is
// described and does not fail. Fails with notfound when the message is no notification (a GET, a
// response), with protoerror and a reason for people when its head cannot be read: version,
// community and kind; enterprise to time-stamp of version 1, snmpTrapOID.0 of version 2.
[[nodiscard]] Result<Trap> parse_trap(Octets datagram, std::size_t varbinds_max);

// The response to an inform (RFC 3416 section 4.2.7): the same request id and variables, no error.
// REQUIRES: parse_trap has read an inform from these octets.
[[nodiscard]] std::string response_to(Octets inform);

}  // namespace sense::snmp

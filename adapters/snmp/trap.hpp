// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/error.hpp"
#include "core/event/event.hpp"

struct snmp_pdu;  // net-snmp's

namespace sense::snmp {

// The prefix of the six standard traps' object identifiers (RFC 3418 section 2, snmpTraps).
inline constexpr std::string_view standard_traps = "1.3.6.1.6.3.1.1.5.";

// Nothing for Null and for the exceptions of RFC 3416 section 3; text for object identifiers,
// addresses and Counter64 (whose values do not fit in a JSON number); octets for the rest.
using VarValue = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;

struct Varbind {
  std::string oid;  // "1.3.6.1.2.1.2.2.1.1.7"
  std::string type;
  VarValue value;
};

// A notification, independent of the protocol version. A plain value.
struct Trap {
  int version = 2;  // 1: SNMPv1, 2: SNMPv2c
  bool inform = false;
  std::int64_t request_id = 0;  // 0 in version 1
  std::string community;        // a secret: never shown
  std::uint64_t uptime = 0;     // hundredths of a second
  std::string trap_oid;         // in version 1 by RFC 3584 section 3.1
  std::string enterprise;       // empty when not given
  std::string agent;            // version 1: the device that the trap is about; empty: 0.0.0.0
  std::vector<Varbind> varbinds;
  std::size_t varbinds_left_out = 0;  // beyond the limit
};

struct PduFree {
  void operator()(snmp_pdu* pdu) const;
};
using PduOwner = std::unique_ptr<snmp_pdu, PduFree>;

// Reads an SNMPv1 or SNMPv2c message into `pdu`; any other octets, version 3 included, are refused
// with protoerror. net-snmp is not thread-safe: one thread only.
[[nodiscard]] Status parse_message(std::span<const unsigned char> octets, snmp_pdu& pdu);

// What a parsed message notifies of. Fails with notfound when it is no notification at all (a GET,
// a response), with protoerror when it is one that RFC 3416 or RFC 1157 does not allow.
[[nodiscard]] Result<Trap> read_trap(const snmp_pdu& pdu, std::size_t varbinds_max);

// Both steps, for tests.
[[nodiscard]] Result<Trap> parse_trap(std::span<const unsigned char> octets,
                                      std::size_t varbinds_max);

}  // namespace sense::snmp

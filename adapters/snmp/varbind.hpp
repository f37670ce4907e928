// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "adapters/snmp/ber.hpp"
#include "core/event/event.hpp"

// Variables of a notification. Values and pure functions; any thread.
namespace sense::snmp {

// Nothing for Null and for the exceptions of RFC 3416 section 3; text for object identifiers,
// addresses and numbers of 64 bits (which do not fit in a JSON number); octets for the rest.
using VarValue = std::variant<std::monostate, std::int64_t, float, double, std::string, Bytes>;

// A variable with its value (RFC 3416 section 3). A value is as received or not there: of a tag
// that SNMP does not have, or with content that the type cannot have, `type` is unknown_type and
// `value` has the octets.
struct Varbind {
  static constexpr std::string_view unknown_type = "unknown";

  std::string oid;   // "1.3.6.1.2.1.2.2.1.1.7"
  std::string type;  // "Integer", "OctetString" ... (docs/snmp-adapter.md)
  VarValue value;
  std::optional<std::uint32_t> tag;  // of an unknown value, as in Element; absent: no value came
};

// "192.0.2.7" of an IpAddress (RFC 2578 section 7.1.5). REQUIRES: four octets.
[[nodiscard]] std::string address_text(Octets content);

// `value` is absent when the message has nothing behind the name.
[[nodiscard]] Varbind read_varbind(std::string oid, const std::optional<Element>& value);

}  // namespace sense::snmp

// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/varbind.hpp"

#include <bit>
#include <limits>
#include <optional>

namespace sense::snmp {

namespace {

struct Known {
  const char* type;
  VarValue value;
};

Bytes bytes_of(Octets octets) { return {octets.begin(), octets.end()}; }

std::optional<Known> integer(Octets content) {
  using Limits = std::numeric_limits<std::int32_t>;
  const auto number = read_integer(content);
  if (!number || *number < Limits::min() || *number > Limits::max()) return std::nullopt;
  return Known{"Integer", *number};
}

std::optional<Known> unsigned32(const char* type, Octets content) {
  const auto number = read_unsigned(content, 4);
  if (!number) return std::nullopt;
  return Known{type, static_cast<std::int64_t>(*number)};
}

std::optional<Known> unsigned64(const char* type, Octets content) {
  const auto number = read_unsigned(content, 8);
  if (!number) return std::nullopt;
  return Known{type, std::to_string(*number)};
}

std::optional<Known> nothing(const char* type, Octets content) {
  if (!content.empty()) return std::nullopt;
  return Known{type, std::monostate{}};
}

std::optional<Known> address(Octets content) {
  if (content.size() != 4) return std::nullopt;
  return Known{"IpAddress", address_text(content)};
}

std::optional<Known> object_identifier(Octets content) {
  auto text = read_oid(content);
  if (!text) return std::nullopt;
  return Known{"ObjectIdentifier", std::move(*text)};
}

// Values that net-snmp puts within an Opaque (its NET-SNMP-TC: Float, and what its agents add).
std::optional<Known> within_opaque(const Element& inner) {
  const auto& content = inner.content;
  switch (inner.tag) {
    case 0x9f76: return unsigned64("OpaqueCounter64", content);
    case 0x9f7b: return unsigned64("OpaqueU64", content);
    case 0x9f78:
      if (content.size() != 4) return std::nullopt;
      return Known{"OpaqueFloat",
                   std::bit_cast<float>(static_cast<std::uint32_t>(*read_unsigned(content, 4)))};
    case 0x9f79:
      if (content.size() != 8) return std::nullopt;
      return Known{"OpaqueDouble", std::bit_cast<double>(*read_unsigned(content, 8))};
    case 0x9f7a: {
      const auto number = read_integer(content);
      if (!number) return std::nullopt;
      return Known{"OpaqueI64", std::to_string(*number)};
    }
    default: return std::nullopt;
  }
}

std::optional<Known> opaque(Octets content) {
  BerReader reader(content);
  const auto inner = reader.next();
  if (inner && inner->whole && reader.rest().empty())
    if (auto known = within_opaque(*inner)) return known;
  return Known{"Opaque", bytes_of(content)};
}

// RFC 2578 section 7.1 and RFC 3416 section 3; BitString, NsapAddress and UInteger32 are of RFC
// 1442, and still sent.
std::optional<Known> known_value(const Element& element) {
  const auto& content = element.content;
  switch (element.tag) {
    case 0x02: return integer(content);
    case 0x03: return Known{"BitString", bytes_of(content)};
    case 0x04: return Known{"OctetString", bytes_of(content)};
    case 0x05: return nothing("Null", content);
    case 0x06: return object_identifier(content);
    case 0x40: return address(content);
    case 0x41: return unsigned32("Counter32", content);
    case 0x42: return unsigned32("Gauge32", content);
    case 0x43: return unsigned32("TimeTicks", content);
    case 0x44: return opaque(content);
    case 0x45: return Known{"NsapAddress", bytes_of(content)};
    case 0x46: return unsigned64("Counter64", content);
    case 0x47: return unsigned32("UInteger32", content);
    case 0x80: return nothing("noSuchObject", content);
    case 0x81: return nothing("noSuchInstance", content);
    case 0x82: return nothing("endOfMibView", content);
    default: return std::nullopt;
  }
}

}  // namespace

std::string address_text(Octets content) {
  std::string text;
  for (const auto octet : content) text += (text.empty() ? "" : ".") + std::to_string(octet);
  return text;
}

Varbind read_varbind(std::string oid, const std::optional<Element>& value) {
  Varbind varbind{std::move(oid), std::string(Varbind::unknown_type), Bytes{}, std::nullopt};
  if (!value) return varbind;
  if (auto known = value->whole ? known_value(*value) : std::nullopt) {
    varbind.type = known->type;
    varbind.value = std::move(known->value);
    return varbind;
  }
  varbind.value = bytes_of(value->content);
  varbind.tag = value->tag;
  return varbind;
}

}  // namespace sense::snmp

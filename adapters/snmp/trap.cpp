// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/trap.hpp"

// net-snmp's headers want this order, which the blank lines keep.
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/snmp_impl.h>

#include <algorithm>
#include <array>
#include <limits>

#include "adapters/snmp/library.hpp"

namespace sense::snmp {

namespace {

constexpr std::string_view uptime_oid = "1.3.6.1.2.1.1.3.0";
constexpr std::string_view trap_oid_oid = "1.3.6.1.6.3.1.1.4.1.0";
constexpr std::string_view enterprise_oid = "1.3.6.1.6.3.1.1.4.3.0";
constexpr long enterprise_specific = 6;

tl::unexpected<Error> malformed(const char* why) { return fail(Code::protoerror, why); }

std::string oid_text(const oid* ids, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) text += '.';
    // Sub-identifiers have 32 bits; net-snmp's type has more.
    text += std::to_string(static_cast<std::uint32_t>(ids[i]));
  }
  return text;
}

std::string address_text(const unsigned char* octets) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(octets[i]);
  return text;
}

std::string counter64_text(const counter64& value) {
  const auto high = static_cast<std::uint64_t>(static_cast<std::uint32_t>(value.high));
  return std::to_string(high << 32U | static_cast<std::uint32_t>(value.low));
}

std::string_view type_name(unsigned char type) {
  switch (type) {
    case ASN_INTEGER: return "Integer";
    case ASN_OCTET_STR: return "OctetString";
    case ASN_NULL: return "Null";
    case ASN_OBJECT_ID: return "ObjectIdentifier";
    case ASN_BIT_STR: return "BitString";
    case ASN_IPADDRESS: return "IpAddress";
    case ASN_COUNTER: return "Counter32";
    case ASN_GAUGE: return "Gauge32";
    case ASN_TIMETICKS: return "TimeTicks";
    case ASN_OPAQUE: return "Opaque";
    case ASN_NSAP: return "NsapAddress";
    case ASN_COUNTER64: return "Counter64";
    case ASN_UINTEGER: return "UInteger32";
    case ASN_OPAQUE_COUNTER64: return "OpaqueCounter64";
    case ASN_OPAQUE_U64: return "OpaqueU64";
    case ASN_OPAQUE_I64: return "OpaqueI64";
    case ASN_OPAQUE_FLOAT: return "OpaqueFloat";
    case ASN_OPAQUE_DOUBLE: return "OpaqueDouble";
    case SNMP_NOSUCHOBJECT: return "noSuchObject";
    case SNMP_NOSUCHINSTANCE: return "noSuchInstance";
    case SNMP_ENDOFMIBVIEW: return "endOfMibView";
    default: return "unknown";
  }
}

Bytes octets_of(const netsnmp_variable_list& variable) {
  if (variable.val.string == nullptr || variable.val_len == 0) return {};
  return {variable.val.string, variable.val.string + variable.val_len};
}

VarValue value_of(const netsnmp_variable_list& variable) {
  if (variable.val.string == nullptr) return std::monostate{};
  switch (variable.type) {
    case ASN_INTEGER: return std::int64_t{*variable.val.integer};
    case ASN_COUNTER:
    case ASN_GAUGE:
    case ASN_TIMETICKS:
    case ASN_UINTEGER: return std::int64_t{static_cast<std::uint32_t>(*variable.val.integer)};
    case ASN_OBJECT_ID: return oid_text(variable.val.objid, variable.val_len / sizeof(oid));
    case ASN_IPADDRESS:
      if (variable.val_len == 4) return address_text(variable.val.string);
      return octets_of(variable);
    case ASN_COUNTER64:
    case ASN_OPAQUE_COUNTER64:
    case ASN_OPAQUE_U64: return counter64_text(*variable.val.counter64);
    case ASN_OPAQUE_I64: {
      const auto text = counter64_text(*variable.val.counter64);
      return std::to_string(static_cast<std::int64_t>(std::stoull(text)));
    }
    case ASN_OPAQUE_FLOAT: return double{*variable.val.floatVal};
    case ASN_OPAQUE_DOUBLE: return *variable.val.doubleVal;
    case ASN_OCTET_STR:
    case ASN_BIT_STR:
    case ASN_OPAQUE:
    case ASN_NSAP: return octets_of(variable);
    default: return std::monostate{};
  }
}

// net-snmp shows an octet string of length 0 with or without a pointer; both are an empty string.
Varbind varbind_of(const netsnmp_variable_list& variable) {
  Varbind result{oid_text(variable.name, variable.name_length),
                 std::string(type_name(variable.type)), value_of(variable)};
  if (variable.type == ASN_OCTET_STR && std::holds_alternative<std::monostate>(result.value))
    result.value = Bytes{};
  return result;
}

void read_varbinds(const snmp_pdu& pdu, std::size_t varbinds_max, Trap& trap) {
  for (const auto* variable = pdu.variables; variable != nullptr;
       variable = variable->next_variable) {
    if (trap.varbinds.size() == varbinds_max)
      ++trap.varbinds_left_out;
    else
      trap.varbinds.push_back(varbind_of(*variable));
  }
}

// RFC 3584 section 3.1, (2) and (3).
Status read_version1(const snmp_pdu& pdu, Trap& trap) {
  if (pdu.enterprise == nullptr || pdu.enterprise_length == 0)
    return malformed("a trap without its enterprise");
  trap.enterprise = oid_text(pdu.enterprise, pdu.enterprise_length);
  trap.uptime = static_cast<std::uint32_t>(pdu.time);
  if (pdu.trap_type >= 0 && pdu.trap_type < enterprise_specific) {
    trap.trap_oid = std::string(standard_traps) + std::to_string(pdu.trap_type + 1);
  } else if (pdu.trap_type == enterprise_specific) {
    const auto specific = static_cast<std::int64_t>(pdu.specific_type);
    if (specific < 0 || specific > std::numeric_limits<std::int32_t>::max())
      return malformed("a specific trap number that is no trap's");
    trap.trap_oid = trap.enterprise + ".0." + std::to_string(specific);
  } else {
    return malformed("a generic trap number that is no trap's");
  }
  const auto& agent = pdu.agent_addr;
  if (std::any_of(std::begin(agent), std::end(agent), [](auto octet) { return octet != 0; }))
    trap.agent = address_text(agent);
  return {};
}

// RFC 3416 section 4.2.6: sysUpTime.0 and snmpTrapOID.0 come first.
Status read_version2(Trap& trap) {
  if (trap.varbinds.size() < 2 || trap.varbinds[0].oid != uptime_oid ||
      trap.varbinds[0].type != "TimeTicks" || trap.varbinds[1].oid != trap_oid_oid ||
      trap.varbinds[1].type != "ObjectIdentifier")
    return malformed("a notification that does not begin with sysUpTime.0 and snmpTrapOID.0");
  trap.uptime = static_cast<std::uint64_t>(std::get<std::int64_t>(trap.varbinds[0].value));
  trap.trap_oid = std::get<std::string>(trap.varbinds[1].value);
  for (const auto& varbind : trap.varbinds)
    if (varbind.oid == enterprise_oid && varbind.type == "ObjectIdentifier")
      trap.enterprise = std::get<std::string>(varbind.value);
  return {};
}

}  // namespace

void PduFree::operator()(snmp_pdu* pdu) const { snmp_free_pdu(pdu); }

Status parse_message(std::span<const unsigned char> octets, snmp_pdu& pdu) {
  prepare_library();
  // The parser takes a pointer that it may write through in encrypted messages, which these are
  // not.
  auto* data = const_cast<unsigned char*>(octets.data());
  std::size_t length = octets.size();
  std::array<unsigned char, COMMUNITY_MAX_LEN> community{};
  std::size_t community_length = community.size();
  long version = -1;
  data = ::snmp_comstr_parse(data, &length, community.data(), &community_length, &version);
  if (data == nullptr) return malformed("a message whose head is not SNMP");
  if (version != SNMP_VERSION_1 && version != SNMP_VERSION_2c)
    return malformed("a message that is neither SNMPv1 nor SNMPv2c");
  pdu.version = version;
  SNMP_FREE(pdu.community);
  pdu.community_len = 0;
  if (community_length > 0) {
    pdu.community = static_cast<unsigned char*>(std::malloc(community_length));
    if (pdu.community == nullptr) return fail(Code::nomemory, "no memory for a message");
    std::copy_n(community.data(), community_length, pdu.community);
    pdu.community_len = community_length;
  }
  if (::snmp_pdu_parse(&pdu, data, &length) != 0)
    return malformed("a message whose body is broken");
  return {};
}

Result<Trap> read_trap(const snmp_pdu& pdu, std::size_t varbinds_max) {
  Trap trap;
  trap.version = pdu.version == SNMP_VERSION_1 ? 1 : 2;
  const bool known = trap.version == 1
                         ? pdu.command == SNMP_MSG_TRAP
                         : pdu.command == SNMP_MSG_TRAP2 || pdu.command == SNMP_MSG_INFORM;
  if (!known) return fail(Code::notfound, "a message that is no notification");
  trap.inform = pdu.command == SNMP_MSG_INFORM;
  if (pdu.community != nullptr)
    trap.community.assign(reinterpret_cast<const char*>(pdu.community), pdu.community_len);
  read_varbinds(pdu, varbinds_max, trap);
  if (trap.version == 2) trap.request_id = pdu.reqid;
  const auto good = trap.version == 1 ? read_version1(pdu, trap) : read_version2(trap);
  if (!good) return tl::unexpected(good.error());
  return trap;
}

Result<Trap> parse_trap(std::span<const unsigned char> octets, std::size_t varbinds_max) {
  const PduOwner pdu(::snmp_pdu_create(0));
  if (!pdu) return fail(Code::nomemory, "no memory for a message");
  if (auto good = parse_message(octets, *pdu); !good) return tl::unexpected(good.error());
  return read_trap(*pdu, varbinds_max);
}

}  // namespace sense::snmp

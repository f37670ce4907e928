// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/trap.hpp"

#include <algorithm>
#include <limits>

namespace sense::snmp {

namespace {

constexpr std::string_view uptime_oid = "1.3.6.1.2.1.1.3.0";
constexpr std::string_view trap_oid_oid = "1.3.6.1.6.3.1.1.4.1.0";
constexpr std::string_view enterprise_oid = "1.3.6.1.6.3.1.1.4.3.0";
constexpr std::int64_t enterprise_specific = 6;

constexpr std::uint32_t integer_tag = 0x02;
constexpr std::uint32_t octets_tag = 0x04;
constexpr std::uint32_t oid_tag = 0x06;
constexpr std::uint32_t sequence_tag = 0x30;
constexpr std::uint32_t address_tag = 0x40;
constexpr std::uint32_t ticks_tag = 0x43;
constexpr std::uint32_t pdu_first_tag = 0xa0;  // GetRequest
constexpr std::uint32_t response_tag = 0xa2;
constexpr std::uint32_t trap_v1_tag = 0xa4;
constexpr std::uint32_t inform_tag = 0xa6;
constexpr std::uint32_t trap_v2_tag = 0xa7;
constexpr std::uint32_t pdu_last_tag = 0xa8;  // Report

tl::unexpected<Error> malformed(const char* why) { return fail(Code::protoerror, why); }

// The content of the next element, if it is whole and has that tag.
std::optional<Octets> take(BerReader& reader, std::uint32_t tag) {
  const auto element = reader.next();
  if (!element || !element->whole || element->tag != tag) return std::nullopt;
  return element->content;
}

std::optional<std::int64_t> take_integer(BerReader& reader) {
  const auto content = take(reader, integer_tag);
  return content ? read_integer(*content) : std::nullopt;
}

// Version 2 has in variables what version 1 has in its head. The first one with a value counts,
// wherever it stands.
void read_head_variable(const Varbind& varbind, Trap& trap) {
  if (varbind.oid == uptime_oid && varbind.type == "TimeTicks" && !trap.uptime)
    trap.uptime = static_cast<std::uint64_t>(std::get<std::int64_t>(varbind.value));
  if (varbind.type != "ObjectIdentifier") return;
  const auto& value = std::get<std::string>(varbind.value);
  if (varbind.oid == trap_oid_oid && trap.trap_oid.empty()) trap.trap_oid = value;
  if (varbind.oid == enterprise_oid && trap.enterprise.empty()) trap.enterprise = value;
}

void read_varbinds(BerReader& pdu, std::size_t varbinds_max, Trap& trap) {
  const auto list = pdu.next();
  trap.truncated = !list || list->tag != sequence_tag || !list->whole;
  if (!list || list->tag != sequence_tag) return;
  BerReader entries(list->content);
  while (const auto entry = entries.next()) {
    BerReader fields(entry->content);
    const auto name = entry->tag == sequence_tag ? take(fields, oid_tag) : std::nullopt;
    auto oid = name ? read_oid(*name) : std::nullopt;
    trap.truncated = trap.truncated || !entry->whole || !oid;
    if (!oid) continue;
    auto varbind = read_varbind(std::move(*oid), fields.next());
    if (trap.version == 2) read_head_variable(varbind, trap);
    if (trap.varbinds.size() < varbinds_max)
      trap.varbinds.push_back(std::move(varbind));
    else
      ++trap.varbinds_left_out;
  }
}

// RFC 3584 section 3.1, (2) and (3).
Status read_trap_oid(std::int64_t generic, std::int64_t specific, Trap& trap) {
  if (generic >= 0 && generic < enterprise_specific) {
    trap.trap_oid = std::string(standard_traps) + std::to_string(generic + 1);
    return {};
  }
  if (generic != enterprise_specific) return malformed("a generic trap number that is no trap's");
  if (specific < 0 || specific > std::numeric_limits<std::int32_t>::max())
    return malformed("a specific trap number that is no trap's");
  if (trap.enterprise.empty()) return malformed("a trap without its enterprise");
  trap.trap_oid = trap.enterprise + ".0." + std::to_string(specific);
  return {};
}

Status read_version1(BerReader& pdu, Trap& trap) {
  const auto enterprise = take(pdu, oid_tag);
  const auto agent = take(pdu, address_tag);
  const auto generic = take_integer(pdu);
  const auto specific = take_integer(pdu);
  const auto stamp = pdu.next();
  if (!enterprise || !agent || agent->size() != 4 || !generic || !specific || !stamp ||
      !stamp->whole)
    return malformed("a trap whose head, from enterprise to time-stamp, is broken");
  trap.enterprise = read_oid(*enterprise).value_or("");
  if (std::any_of(agent->begin(), agent->end(), [](auto octet) { return octet != 0; }))
    trap.agent = address_text(*agent);
  if (stamp->tag == ticks_tag) trap.uptime = read_unsigned(stamp->content, 4);
  return read_trap_oid(*generic, *specific, trap);
}

void read_version2(BerReader& pdu, Trap& trap) {
  trap.request_id = take_integer(pdu).value_or(0);
  // Error status and index mean nothing in a notification.
  (void)pdu.next();
  (void)pdu.next();
}

}  // namespace

Result<Trap> parse_trap(Octets datagram, std::size_t varbinds_max) {
  const auto message = BerReader(datagram).next();
  if (!message || message->tag != sequence_tag)
    return malformed("a message whose head is not SNMP");
  BerReader fields(message->content);
  const auto version = take_integer(fields);
  if (!version) return malformed("a message whose head is not SNMP");
  if (*version != 0 && *version != 1)
    return malformed("a message that is neither SNMPv1 nor SNMPv2c");
  const auto community = take(fields, octets_tag);
  const auto pdu = fields.next();
  if (!community || !pdu || pdu->tag < pdu_first_tag || pdu->tag > pdu_last_tag)
    return malformed("a message whose head is broken");
  Trap trap;
  // A trap of version 1 counts as one in a message of version 2, too: devices send that.
  trap.version = pdu->tag == trap_v1_tag ? 1 : 2;
  trap.inform = pdu->tag == inform_tag;
  const bool known =
      trap.version == 1 || (*version == 1 && (trap.inform || pdu->tag == trap_v2_tag));
  if (!known) return fail(Code::notfound, "a message that is no notification");
  trap.community.assign(community->begin(), community->end());
  BerReader body(pdu->content);
  if (trap.version == 2)
    read_version2(body, trap);
  else if (auto good = read_version1(body, trap); !good)
    return tl::unexpected(good.error());
  read_varbinds(body, varbinds_max, trap);
  if (trap.trap_oid.empty()) return malformed("a notification without a readable snmpTrapOID.0");
  return trap;
}

// Nothing is encoded anew: variables that cannot be read must come back as they are.
std::string response_to(Octets inform) {
  std::string response(inform.begin(), inform.end());
  const auto at = [&](Octets part) { return response.begin() + (part.data() - inform.data()); };
  BerReader message(BerReader(inform).next()->content);
  (void)message.next();
  (void)message.next();
  *at(message.rest()) = static_cast<char>(response_tag);
  BerReader pdu(message.next()->content);
  (void)pdu.next();
  for (int i = 0; i < 2; ++i)  // error status, error index
    if (const auto error = pdu.next()) std::fill_n(at(error->content), error->content.size(), '\0');
  return response;
}

}  // namespace sense::snmp

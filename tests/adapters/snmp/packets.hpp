// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// Builds SNMP messages octet by octet (ITU-T X.690), good and bad ones.
namespace sense::snmp_test {

inline std::string tlv(unsigned char tag, const std::string& content) {
  std::string out(1, static_cast<char>(tag));
  if (content.size() < 128) {
    out += static_cast<char>(content.size());
  } else {
    out += '\x82';
    out += static_cast<char>(content.size() >> 8U);
    out += static_cast<char>(content.size() & 0xffU);
  }
  return out + content;
}

inline std::string integer(std::int64_t value, unsigned char tag = 0x02) {
  std::string content;
  do {
    content.insert(content.begin(), static_cast<char>(value & 0xff));
    value >>= 8;
  } while (value != 0 && value != -1);
  const bool negative = (static_cast<unsigned char>(content[0]) & 0x80U) != 0;
  if (value == 0 && negative) content.insert(content.begin(), '\0');
  if (value == -1 && !negative) content.insert(content.begin(), '\xff');
  return tlv(tag, content);
}

inline std::string oid(const std::vector<std::uint32_t>& ids) {
  std::string content(1, static_cast<char>(ids[0] * 40 + ids[1]));
  for (std::size_t i = 2; i < ids.size(); ++i) {
    std::string digits(1, static_cast<char>(ids[i] & 0x7fU));
    for (auto rest = ids[i] >> 7U; rest != 0; rest >>= 7U)
      digits.insert(digits.begin(), static_cast<char>(0x80U | (rest & 0x7fU)));
    content += digits;
  }
  return tlv(0x06, content);
}

inline std::string octets(const std::string& text) { return tlv(0x04, text); }

inline std::string varbind(const std::vector<std::uint32_t>& name, const std::string& value) {
  return tlv(0x30, oid(name) + value);
}

inline std::string message(int version, const std::string& community, const std::string& pdu) {
  return tlv(0x30, integer(version) + octets(community) + pdu);
}

inline const std::vector<std::uint32_t> uptime_oid = {1, 3, 6, 1, 2, 1, 1, 3, 0};
inline const std::vector<std::uint32_t> trap_oid_oid = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
inline const std::vector<std::uint32_t> link_down = {1, 3, 6, 1, 6, 3, 1, 1, 5, 3};

inline std::string head(const std::vector<std::uint32_t>& trap, std::int64_t uptime = 4711) {
  return varbind(uptime_oid, integer(uptime, 0x43)) + varbind(trap_oid_oid, oid(trap));
}

// tag 0xa7 trap, 0xa6 inform.
inline std::string v2(const std::string& varbinds, unsigned char tag = 0xa7,
                      std::int64_t request = 77) {
  return message(1, "public",
                 tlv(tag, integer(request) + integer(0) + integer(0) + tlv(0x30, varbinds)));
}

inline std::string v1(const std::vector<std::uint32_t>& enterprise, const std::string& agent,
                      std::int64_t generic, std::int64_t specific,
                      const std::string& varbinds = {}) {
  return message(0, "public",
                 tlv(0xa4, oid(enterprise) + tlv(0x40, agent) + integer(generic) +
                               integer(specific) + integer(4711, 0x43) + tlv(0x30, varbinds)));
}

inline std::span<const unsigned char> bytes(const std::string& text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

// The octets that hexadecimal digits stand for.
inline std::string unhex(const std::string& digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return out;
}

}  // namespace sense::snmp_test

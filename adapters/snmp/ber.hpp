// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

// The part of BER (ITU-T X.690 section 8) that SNMP uses (RFC 3417 section 8), for octets of any
// peer. Pure functions and views: nothing is copied, whatever a length claims. Any thread.
namespace sense::snmp {

// A view: what it shows must outlive it.
using Octets = std::span<const unsigned char>;

// One data value. A view of the octets that it was read from.
struct Element {
  std::uint32_t tag = 0;  // the identifier's octets as one number: 0x30, 0x9f78
  Octets content;
  // Whether the length is possible and ends within the element that it is part of. If not,
  // `content` is all that follows there.
  bool whole = false;
};

// Reads elements one behind the other. An element that is not whole is the last one.
class BerReader {
 public:
  explicit BerReader(Octets octets) : rest_(octets) {}

  // Nothing: no octets are left.
  [[nodiscard]] std::optional<Element> next();
  // What has not been read yet.
  [[nodiscard]] Octets rest() const { return rest_; }

 private:
  [[nodiscard]] bool read_tag(std::uint32_t& tag);
  [[nodiscard]] std::optional<std::size_t> read_length();

  Octets rest_;
};

// The value of an element's content; nothing when the content is not one that the type can have.
// INTEGER (section 8.3): 1 to 8 octets, two's complement.
[[nodiscard]] std::optional<std::int64_t> read_integer(Octets content);
// An unsigned number of `size` octets at most, 4 or 8, with an octet 0 before it or not. Some
// devices leave it out, so that `size` octets are never a negative number; fewer may be, and are
// then no value.
[[nodiscard]] std::optional<std::uint64_t> read_unsigned(Octets content, std::size_t size);
// OBJECT IDENTIFIER (section 8.19) as text, "1.3.6.1.2.1.1.3.0": at most 128 sub-identifiers of 32
// bits (RFC 2578 section 3.5).
[[nodiscard]] std::optional<std::string> read_oid(Octets content);

}  // namespace sense::snmp

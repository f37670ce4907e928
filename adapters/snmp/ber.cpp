// SPDX-License-Identifier: Apache-2.0
#include "adapters/snmp/ber.hpp"

#include <algorithm>
#include <limits>

namespace sense::snmp {

namespace {

constexpr std::uint32_t tag_continues = 0x1f;
constexpr std::uint32_t tag_max = 0x00ff'ffff;  // room for one octet more
constexpr std::size_t length_octets_max = 4;
constexpr std::size_t sub_identifiers_max = 128;
constexpr std::uint64_t sub_identifier_max = std::numeric_limits<std::uint32_t>::max();

std::uint64_t big_endian(Octets octets, std::uint64_t value = 0) {
  for (const auto octet : octets) value = value << 8U | octet;
  return value;
}

void append_sub_identifier(std::string& text, std::uint64_t number) {
  text += '.';
  text += std::to_string(number);
}

}  // namespace

bool BerReader::read_tag(std::uint32_t& tag) {
  const auto octet = [&] {
    const auto first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  };
  tag = octet();
  if ((tag & tag_continues) != tag_continues) return true;
  for (;;) {
    if (rest_.empty() || tag > tag_max) return false;
    tag = tag << 8U | octet();
    if ((tag & 0x80U) == 0) return true;
  }
}

std::optional<std::size_t> BerReader::read_length() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t first = rest_.front();
  const std::size_t octets = first < 0x80 ? 0 : first & 0x7fU;
  // Without octets it would be the indefinite form, which SNMP does not have.
  if (first >= 0x80 && (octets == 0 || octets > length_octets_max)) return std::nullopt;
  if (octets >= rest_.size()) return std::nullopt;
  const auto length = octets == 0 ? first : big_endian(rest_.subspan(1, octets));
  rest_ = rest_.subspan(1 + octets);
  return length;
}

std::optional<Element> BerReader::next() {
  if (rest_.empty()) return std::nullopt;
  Element element;
  const auto length = read_tag(element.tag) ? read_length() : std::nullopt;
  element.whole = length && *length <= rest_.size();
  element.content = rest_.first(element.whole ? *length : rest_.size());
  rest_ = rest_.subspan(element.content.size());
  return element;
}

std::optional<std::int64_t> read_integer(Octets content) {
  if (content.empty() || content.size() > sizeof(std::int64_t)) return std::nullopt;
  const bool negative = (content.front() & 0x80U) != 0;
  return static_cast<std::int64_t>(big_endian(content, negative ? ~std::uint64_t{0} : 0));
}

std::optional<std::uint64_t> read_unsigned(Octets content, std::size_t size) {
  if (content.size() == size + 1 && content.front() == 0) content = content.subspan(1);
  const bool negative = !content.empty() && (content.front() & 0x80U) != 0;
  if (content.empty() || content.size() > size || (negative && content.size() < size))
    return std::nullopt;
  return big_endian(content);
}

std::optional<std::string> read_oid(Octets content) {
  if (content.empty() || (content.back() & 0x80U) != 0) return std::nullopt;
  std::string text;
  std::size_t count = 1;  // the first one holds two
  std::uint64_t number = 0;
  for (const auto octet : content) {
    number = number << 7U | (octet & 0x7fU);
    if (number > sub_identifier_max + (text.empty() ? 80 : 0)) return std::nullopt;
    if ((octet & 0x80U) != 0) continue;
    if (++count > sub_identifiers_max) return std::nullopt;
    if (text.empty()) {
      const auto root = std::min<std::uint64_t>(number / 40, 2);
      text = std::to_string(root);
      number -= root * 40;
    }
    append_sub_identifier(text, number);
    number = 0;
  }
  return text;
}

}  // namespace sense::snmp

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/clock.hpp"

namespace sense {

// Reads MessagePack (the specification of 2019, all formats) one item at a time, as views into the
// octets: it allocates nothing, whatever a header announces. Containers are headers only; the
// caller reads their items, so it decides the depth. A value; the octets must outlive it and its
// items.
class MsgpackReader {
 public:
  // What an item is, whatever the width of its format.
  enum class Kind {
    none,  // nothing could be read
    nil,
    boolean,
    natural,
    negative,
    real,
    text,
    binary,
    array,
    map,
    extension,
  };

  // One item, or the header of a container.
  struct Item {
    Kind kind = Kind::none;
    std::int8_t extension = 0;
    std::uint64_t number =
        0;  // natural; boolean: 0, 1; array, map: items, pairs; the bits of others
    std::string_view octets;  // of text, binary, extension
  };

  explicit MsgpackReader(std::string_view octets) : rest_(octets) {}

  // The next item; Kind::none when the octets end within it or start with 0xc1, and from then on.
  [[nodiscard]] Item next() {
    if (rest_.empty()) return {};
    const unsigned head = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (head < 0x80) return {Kind::natural, 0, head, {}};
    if (head < 0x90) return {Kind::map, 0, head & 0x0fU, {}};
    if (head < 0xa0) return {Kind::array, 0, head & 0x0fU, {}};
    if (head < 0xc0) return sized(Kind::text, head & 0x1fU);
    if (head < 0xe0) return wide(head);
    return {Kind::negative, 0, ~std::uint64_t{0xff} | head, {}};
  }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  // The octets that were not read yet.
  [[nodiscard]] std::string_view rest() const { return rest_; }
  // Whether the next item is an array.
  [[nodiscard]] bool at_array() const {
    if (rest_.empty()) return false;
    const unsigned head = static_cast<unsigned char>(rest_.front());
    return (head & 0xf0U) == 0x90 || head == 0xdc || head == 0xdd;
  }

 private:
  [[nodiscard]] bool take_number(std::size_t width, std::uint64_t& number);
  [[nodiscard]] Item stop();
  [[nodiscard]] Item sized(Kind kind, std::uint64_t length);
  [[nodiscard]] Item extension(std::uint64_t length);
  [[nodiscard]] Item with_width(Kind kind, std::size_t width);
  [[nodiscard]] Item wide(unsigned head);

  std::string_view rest_;
};

// The integer in an item, when it is one and fits.
[[nodiscard]] std::optional<std::int64_t> integer_of(const MsgpackReader::Item& item);
// The time in an extension item of type -1; nothing when it is no timestamp or outside the years
// 0001 to 9999.
[[nodiscard]] std::optional<PreciseTime> timestamp_of(const MsgpackReader::Item& item);

}  // namespace sense

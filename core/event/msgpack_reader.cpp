// SPDX-License-Identifier: Apache-2.0
#include "core/event/msgpack_reader.hpp"

#include <endian.h>

#include <bit>
#include <cstring>

namespace sense {

namespace {

// Big-endian, of 1, 2, 4 or 8 octets.
std::uint64_t load(std::string_view octets) {
  const auto as = [&]<class T>(T value) {
    std::memcpy(&value, octets.data(), sizeof value);
    return value;
  };
  switch (octets.size()) {
    case 1: return as(std::uint8_t{});
    case 2: return be16toh(as(std::uint16_t{}));
    case 4: return be32toh(as(std::uint32_t{}));
    default: return be64toh(as(std::uint64_t{}));
  }
}

}  // namespace

bool MsgpackReader::take_number(std::size_t width, std::uint64_t& number) {
  if (rest_.size() < width) return false;
  number = load(rest_.substr(0, width));
  rest_.remove_prefix(width);
  return true;
}

auto MsgpackReader::stop() -> Item {
  rest_ = {};
  return {};
}

auto MsgpackReader::sized(Kind kind, std::uint64_t length) -> Item {
  if (length > rest_.size()) return stop();
  const auto octets = rest_.substr(0, static_cast<std::size_t>(length));
  rest_.remove_prefix(octets.size());
  return {kind, 0, 0, octets};
}

auto MsgpackReader::extension(std::uint64_t length) -> Item {
  std::uint64_t type = 0;
  if (!take_number(1, type)) return stop();
  auto item = sized(Kind::extension, length);
  item.extension = std::bit_cast<std::int8_t>(static_cast<std::uint8_t>(type));
  return item;
}

// A format whose head octet is followed by a number of `width` octets: a length, count or value.
auto MsgpackReader::with_width(Kind kind, std::size_t width) -> Item {
  std::uint64_t number = 0;
  if (!take_number(width, number)) return stop();
  if (kind == Kind::text || kind == Kind::binary) return sized(kind, number);
  if (kind == Kind::extension) return extension(number);
  if (kind == Kind::negative) {
    const auto sign = std::uint64_t{1} << (width * 8 - 1);
    if ((number & sign) == 0)
      kind = Kind::natural;
    else
      number |= ~(sign - 1);
  }
  return {kind, 0, number, {}};
}

// Head octets 0xc0 to 0xdf, in the specification's order.
auto MsgpackReader::wide(unsigned head) -> Item {
  switch (head) {
    case 0xc0: return {Kind::nil, 0, 0, {}};
    case 0xc2: return {Kind::boolean, 0, 0, {}};
    case 0xc3: return {Kind::boolean, 0, 1, {}};
    case 0xc4: return with_width(Kind::binary, 1);
    case 0xc5: return with_width(Kind::binary, 2);
    case 0xc6: return with_width(Kind::binary, 4);
    case 0xc7: return with_width(Kind::extension, 1);
    case 0xc8: return with_width(Kind::extension, 2);
    case 0xc9: return with_width(Kind::extension, 4);
    case 0xca: return with_width(Kind::real, 4);
    case 0xcb: return with_width(Kind::real, 8);
    case 0xcc: return with_width(Kind::natural, 1);
    case 0xcd: return with_width(Kind::natural, 2);
    case 0xce: return with_width(Kind::natural, 4);
    case 0xcf: return with_width(Kind::natural, 8);
    case 0xd0: return with_width(Kind::negative, 1);
    case 0xd1: return with_width(Kind::negative, 2);
    case 0xd2: return with_width(Kind::negative, 4);
    case 0xd3: return with_width(Kind::negative, 8);
    case 0xd4: return extension(1);
    case 0xd5: return extension(2);
    case 0xd6: return extension(4);
    case 0xd7: return extension(8);
    case 0xd8: return extension(16);
    case 0xd9: return with_width(Kind::text, 1);
    case 0xda: return with_width(Kind::text, 2);
    case 0xdb: return with_width(Kind::text, 4);
    case 0xdc: return with_width(Kind::array, 2);
    case 0xdd: return with_width(Kind::array, 4);
    case 0xde: return with_width(Kind::map, 2);
    case 0xdf: return with_width(Kind::map, 4);
    default: return stop();
  }
}

std::optional<std::int64_t> integer_of(const MsgpackReader::Item& item) {
  const bool natural = item.kind == MsgpackReader::Kind::natural;
  if (!natural && item.kind != MsgpackReader::Kind::negative) return std::nullopt;
  if (natural && item.number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return std::bit_cast<std::int64_t>(item.number);
}

std::optional<PreciseTime> timestamp_of(const MsgpackReader::Item& item) {
  if (item.kind != MsgpackReader::Kind::extension || item.extension != -1) return std::nullopt;
  const auto octets = item.octets;
  std::uint64_t seconds = 0;
  std::uint64_t nanoseconds = 0;
  if (octets.size() == 4) {
    seconds = load(octets);
  } else if (octets.size() == 8) {
    seconds = load(octets) & 0x3'ffff'ffffU;
    nanoseconds = load(octets) >> 34U;
  } else if (octets.size() == 12) {
    nanoseconds = load(octets.substr(0, 4));
    seconds = load(octets.substr(4));
  } else {
    return std::nullopt;
  }
  // As numbers: far seconds do not fit a time in microseconds.
  const auto second = std::bit_cast<std::int64_t>(seconds);
  const auto first = to_micros(wall_time_min) / 1'000'000;
  const auto last = to_micros(wall_time_max) / 1'000'000;
  if (second < first || second > last || nanoseconds > 999'999'999) return std::nullopt;
  return PreciseTime(
      from_micros(second * 1'000'000 + static_cast<std::int64_t>(nanoseconds / 1000)),
      static_cast<std::uint16_t>(nanoseconds % 1000));
}

}  // namespace sense

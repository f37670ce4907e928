// SPDX-License-Identifier: Apache-2.0
#include "core/event/record_scan.hpp"

#include "core/event/msgpack_reader.hpp"

namespace sense {

using Kind = MsgpackReader::Kind;

auto RecordScan::next() -> std::optional<Found> {
  MsgpackReader in(rest_);
  const auto array = in.next();
  if (array.kind != Kind::array || array.number != 4) return std::nullopt;
  const auto sequence = in.next();
  if (sequence.kind != Kind::natural || sequence.number == 0) return std::nullopt;
  if (!integer_of(in.next()) || in.next().kind != Kind::text) return std::nullopt;
  const auto event = in.next();
  if (event.kind != Kind::binary) return std::nullopt;
  const auto* end = event.octets.data() + event.octets.size();
  const auto length = static_cast<std::size_t>(end - rest_.data());
  const Found found{sequence.number, rest_.substr(0, length), event.octets};
  rest_.remove_prefix(length);
  return found;
}

bool holds_records(std::string_view octets, std::uint64_t first, std::uint64_t last) {
  RecordScan scan(octets);
  auto expected = first;
  while (const auto found = scan.next())
    if (found->sequence != expected++) return false;
  return scan.at_end() && expected == last + 1;
}

std::optional<EventPlace> place_of(std::string_view event) {
  MsgpackReader in(event);
  const auto array = in.next();
  if (array.kind != Kind::array || array.number != 6) return std::nullopt;
  if (in.next().kind != Kind::natural || in.next().kind != Kind::text) return std::nullopt;
  const auto type = in.next();
  const auto source = in.next();
  if (type.kind != Kind::text || source.kind != Kind::text) return std::nullopt;
  return EventPlace{type.octets, source.octets};
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "core/event/recipients.hpp"

#include <algorithm>
#include <optional>

#include "core/event/msgpack_reader.hpp"
#include "core/event/msgpack_writer.hpp"

namespace sense {

namespace {

using Kind = MsgpackReader::Kind;

constexpr std::string_view audience_key = "audience";
constexpr std::string_view except_key = "except";

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}
bool contains_any(std::span<const std::string> list, RecipientNames names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& name) { return contains(list, name); });
}

// One of the two lists in an event's octets: where its pair begins and ends, and what it says.
struct ListInOctets {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool present = false;
  bool names = false;  // the recipient
};

// The attributes of an event's octets as far as the lists.
struct FoundLists {
  std::uint64_t pairs = 0;
  std::size_t header_begin = 0;  // of the map
  std::size_t header_end = 0;
  ListInOctets audience;
  ListInOctets except;

  [[nodiscard]] bool include() const {
    return (!audience.present || audience.names) && !except.names;
  }
};

// The value of one pair: a list, or one item. False: the octets end in it.
bool read_pair(MsgpackReader& in, RecipientNames recipient, bool& names) {
  auto item = in.next();
  const auto count = item.kind == Kind::array ? item.number : 0;
  for (std::uint64_t i = 0; i < count && item.kind != Kind::none; ++i) {
    item = in.next();
    names = names || contains(recipient, item.octets);
  }
  return item.kind != Kind::none;
}

std::optional<FoundLists> find_lists(std::string_view octets, RecipientNames recipient) {
  MsgpackReader in(octets);
  const auto at = [&] { return octets.size() - in.rest().size(); };
  for (const auto wanted : {Kind::array, Kind::natural, Kind::text, Kind::text, Kind::text})
    if (in.next().kind != wanted) return std::nullopt;
  FoundLists found;
  found.header_begin = at();
  const auto map = in.next();
  if (map.kind != Kind::map) return std::nullopt;
  found.pairs = map.number;
  found.header_end = at();
  // The keys are in ascending order: behind `except` there is no list.
  for (std::uint64_t i = 0; i < map.number; ++i) {
    ListInOctets pair{at()};
    const auto key = in.next();
    if (key.kind != Kind::text || !read_pair(in, recipient, pair.names)) return std::nullopt;
    if (key.octets > except_key) break;
    pair.end = at();
    pair.present = true;
    if (key.octets == audience_key) found.audience = pair;
    if (key.octets == except_key) found.except = pair;
  }
  return found;
}

}  // namespace

bool has_recipients(const Event& event) { return !event.audience.empty() || !event.except.empty(); }

bool is_for(const Event& event, RecipientNames names) {
  return (event.audience.empty() || contains_any(event.audience, names)) &&
         !contains_any(event.except, names);
}

EventRef without_recipients(EventRef event) {
  if (!has_recipients(*event)) return event;
  auto seen = std::make_shared<Event>(*event);
  seen->audience.clear();
  seen->except.clear();
  return seen;
}

std::string_view octets_for(RecipientNames names, std::string_view octets, std::string& without) {
  const auto found = find_lists(octets, names);
  if (!found || !found->include()) return {};
  const std::uint64_t lists = (found->audience.present ? 1 : 0) + (found->except.present ? 1 : 0);
  if (lists == 0) return octets;
  without.assign(octets.substr(0, found->header_begin));
  MsgpackSink sink{without};
  MsgpackPacker(sink).pack_map(static_cast<std::uint32_t>(found->pairs - lists));
  auto from = found->header_end;
  for (const auto& list : {found->audience, found->except}) {
    if (!list.present) continue;
    without += octets.substr(from, list.begin - from);
    from = list.end;
  }
  without += octets.substr(from);
  return without;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/event_cache.hpp"

#include "core/event/record.hpp"
#include "gateways/host/store/dead_letter_table.hpp"

namespace sense {

Result<EventRef> EventCache::load(Database& database, std::uint64_t sequence) {
  const bool ascending = sequence > last_sequence_ && sequence - last_sequence_ <= distance_max;
  last_sequence_ = sequence;
  if (const auto found = prefetched_.find(sequence); found != prefetched_.end())
    return found->second;
  auto event =
      read_record(database, "SELECT record FROM event WHERE sequence=?1",
                  static_cast<std::int64_t>(sequence), "event " + std::to_string(sequence));
  if (!event || !ascending) return event;
  prefetched_.clear();
  auto select = database.prepare(
      "SELECT sequence,record FROM event WHERE sequence>?1 ORDER BY sequence LIMIT ?2");
  if (!select) return event;
  select->bind(1, static_cast<std::int64_t>(sequence)).bind(2, read_ahead);
  // An event that cannot be read is reported by the load() that requests it.
  std::size_t octets = 0;
  for (auto row = select->step(); row && *row && octets < octets_max; row = select->step()) {
    const auto record = select->octets(1);
    octets += record.size();
    if (auto next = decode_single_record(record))
      prefetched_.emplace(static_cast<std::uint64_t>(select->integer(0)),
                          std::make_shared<const Event>(std::move(*next)));
  }
  return event;
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "broker/journal/ingest.hpp"
#include "broker/registry/management_event.hpp"
#include "core/base/log.hpp"
#include "core/event/codec.hpp"

namespace sense {

namespace {
constexpr std::size_t noted_max = 1'000;  // the rest is met again by who reads it
}

void Ingest::note_damage(Journal::Range range) {
  const bool known = std::any_of(noted_.begin(), noted_.end(), [&](const auto& noted) {
    return noted.first == range.first && noted.last == range.last;
  });
  if (!known && noted_.size() < noted_max) noted_.push_back(range);
}

void Ingest::announce_damage(Timestamp now) {
  for (const auto& range : noted_) {
    auto damage = store_.journal().inspect(range.first, range.last);
    if (!damage) log::error("damage of the journal: " + damage.error().message);
    if (!damage || !*damage) continue;
    const auto event = journal_damaged_event(**damage, now.wall);
    append(encode(event), event.type.clark(), event.source, "broker", now);
    damage_.push_back(std::move(**damage));
    ++counters_["broker.journal.quarantined"];
  }
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "broker/journal/ingest.hpp"
#include "broker/registry/management_event.hpp"
#include "core/base/log.hpp"
#include "core/event/codec.hpp"

namespace sense {

namespace {
constexpr std::size_t noted_max = 1'000;  // the reader reports further ranges again
}

void Ingest::note_damage(Journal::Range range) {
  const bool known = std::any_of(suspected_.begin(), suspected_.end(), [&](const auto& noted) {
    return noted.first == range.first && noted.last == range.last;
  });
  if (!known && suspected_.size() < noted_max) suspected_.push_back(range);
}

void Ingest::announce_damage(Timestamp now) {
  for (const auto& range : suspected_) {
    auto damage = store_.journal().inspect(range.first, range.last);
    if (!damage)
      log::error("a damaged range of the journal cannot be inspected: " + damage.error().message);
    if (!damage || !*damage) continue;
    const auto event = journal_damaged_event(**damage, now.wall);
    append(encode(event), event.type.clark(), event.source, "broker", now);
    damage_.push_back(std::move(**damage));
    ++counters_["broker.journal.quarantined"];
  }
}

}  // namespace sense

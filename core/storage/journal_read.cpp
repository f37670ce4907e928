// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "core/storage/journal.hpp"

namespace sense {

namespace {
constexpr auto sequence_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

// The state of one read: its position, and whether damage begins there.
struct Journal::Walk {
  const std::function<bool(const JournalGroup&)>& take;
  std::uint64_t position;  // sequences below have been passed
  std::uint64_t key;       // rows below have been read
  bool damage = false;

  // Passes damage first, up to the intact group behind it. False: stop.
  bool hand_out(const JournalGroup& group) {
    if (group.last < position) return true;
    if (!close(group.first)) return false;
    position = group.last + 1;
    return take(group);
  }
  bool close(std::uint64_t end) {
    if (!damage) return true;
    damage = false;
    if (end <= position) return true;
    const JournalGroup hole{position, end - 1, WallTime{}, {}, true};
    position = end;
    return take(hole);
  }
};

// Reads from walk.key on. True: the end was reached, or `take` stopped.
Result<bool> Journal::walk_run(Walk& walk) {
  auto& rows = at(Sql::read).bind(1, static_cast<std::int64_t>(walk.key));
  for (;;) {
    const auto row = rows.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    const JournalGroup group{static_cast<std::uint64_t>(rows.integer(0)),
                             static_cast<std::uint64_t>(rows.integer(1)),
                             from_micros(rows.integer(2)), rows.octets(4), false};
    walk.key = std::max(walk.key, std::min(group.first, sequence_max - 1) + 1);
    if (!sound(group, rows.integer(3))) {
      walk.damage = true;
      continue;
    }
    if (!walk.hand_out(group)) {
      rows.reset();
      return false;
    }
  }
  rows.reset();
  return true;
}

Status Journal::read(std::uint64_t from, const std::function<bool(const JournalGroup&)>& take) {
  // Sequences are lower; the cast would make it negative and select everything.
  if (from > sequence_max) return {};
  // The end of the journal is read first: groups committed meanwhile are intact, and damage does
  // not extend into them. It is unknown when the last page is lost.
  const auto noted = noted_last();
  const auto last = newest();
  if (!last && last.error().code != Code::system) return tl::unexpected(last.error());
  const auto end = last && *last ? (*last)->first : sequence_max;
  from = std::max<std::uint64_t>(from, 1);
  Walk walk{take, from, from};
  for (std::uint64_t restarted = 0;;) {
    const auto to_the_end = walk_run(walk);
    if (to_the_end && !*to_the_end) return {};
    if (to_the_end) break;
    // A busy database or a lack of memory is not damage.
    if (to_the_end.error().code != Code::system) return tl::unexpected(to_the_end.error());
    if (walk.key == restarted) ++walk.key;  // never twice at the same key
    const auto readable = next_readable(walk.key, end);
    if (!readable) return tl::unexpected(readable.error());
    walk.damage = true;
    if (!*readable) break;
    walk.key = restarted = **readable;
  }
  if (!walk.close(last && *last ? (*last)->last + 1 : walk.position + 1)) return {};
  walk.damage = walk.position <= noted;
  walk.close(noted + 1);
  return {};
}

// The key of the first row from there on; fails when the row is not readable.
Result<std::optional<std::uint64_t>> Journal::probe(std::uint64_t from) {
  auto& statement = at(Sql::probe).bind(1, static_cast<std::int64_t>(from));
  const auto row = statement.step();
  if (!row) return tl::unexpected(row.error());
  std::optional<std::uint64_t> key;
  if (*row) key = static_cast<std::uint64_t>(statement.integer(0));
  statement.reset();
  return key;
}

Result<std::optional<std::uint64_t>> Journal::next_readable(std::uint64_t from, std::uint64_t end) {
  if (end < from) return std::nullopt;
  auto bad = from;
  auto good = from;
  for (std::uint64_t step = 1;; step *= 2) {
    const auto found = probe(good);
    if (found) break;
    if (found.error().code != Code::system) return tl::unexpected(found.error());
    if (good == end) return std::nullopt;
    bad = good;
    good = end - good > step ? good + step : end;
  }
  while (good - bad > 1) {
    const auto middle = bad + (good - bad) / 2;
    const auto found = probe(middle);
    if (!found && found.error().code != Code::system) return tl::unexpected(found.error());
    (found ? good : bad) = middle;
  }
  return probe(good);
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/storage/database.hpp"

namespace sense {

// One group commit: consecutive sequences first..last and their records, which are opaque octets to
// the journal. Limit: group_octets_max.
struct JournalGroup {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  WallTime time;
  std::string_view octets;
  bool damaged = false;  // first..last cannot be read; time is unknown, octets is empty
};

inline constexpr std::size_t group_octets_max = 64 * 1024 * 1024;

// The journal's table in a database: one row for each group commit, with an XXH3 checksum over the
// row. Belongs to the database's thread; the database must outlive it.
class Journal {
 public:
  // An additional check of the octets of a group whose checksum matches. A group that fails is
  // damaged. Empty: the checksum alone is checked.
  using Intact = std::function<bool(const JournalGroup&)>;

  // Creates the tables when they are absent, except on a read-only connection. Refuses those of a
  // newer version before changing anything.
  [[nodiscard]] static Result<Journal> open(Database& database, Intact intact = {});
  [[nodiscard]] static Result<Journal> open_read_only(Database& database, Intact intact = {});

  // REQUIRES: group.first is above the last sequence, or the journal is empty. Durable once the
  // caller's transaction has been committed; undone by its rollback, of which rolled_back() tells.
  [[nodiscard]] Status append(const JournalGroup& group);
  // Must be called after a rollback: changes since the last commit are discarded.
  void rolled_back() {
    total_known_ = false;
    noted_last_ = 0;
  }

  // Calls `take` for groups with last >= from, in order, until it returns false or there are no
  // more. The views are valid during the call only. Damage is passed as one group that extends to
  // the next intact one, since the numbers in a damaged row are not trusted. This includes rows
  // that SQLite cannot reach (a destroyed page): they are skipped by doubling steps and bisection,
  // so that a readable row between two destroyed pages may be missed. Absent sequences are not
  // passed.
  [[nodiscard]] Status read(std::uint64_t from,
                            const std::function<bool(const JournalGroup&)>& take);

  // The sequences of a journal.
  struct Range {
    std::uint64_t first = 0;  // of the oldest group still held; last + 1 when empty
    std::uint64_t last = 0;   // highest sequence ever appended, 0 when there was none
  };
  [[nodiscard]] Result<Range> range();

  // A last sequence to continue behind. When the newest group is damaged, its number may be, too:
  // then an upper bound of it, given that each record has at least `octets_of_one` octets.
  [[nodiscard]] Result<std::uint64_t> safe_last(std::size_t octets_of_one);

  // What trim() keeps.
  struct Retention {
    WallTime oldest;               // groups before are removed
    std::uint64_t octets_max = 0;  // and the oldest until the total is within this
    std::uint64_t events_max = 0;  // and those before the newest events_max events; 0: no limit
  };
  // Removes the oldest groups, never the newest, and records the last sequence separately, so that
  // a loss of the newest group is detected. At most `groups_max` a call, to bound the delay of
  // commits. Returns the number removed. Inside the caller's transaction.
  [[nodiscard]] Result<std::uint64_t> trim(const Retention& retention, std::uint32_t groups_max);

  // Reads first..last again and returns the damage; absent when all of it can be read, or is in
  // quarantine already.
  struct Damage {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::vector<std::int64_t> rows;  // keys of the reachable damaged rows
    bool unreachable = false;        // there are unreachable ones
  };
  [[nodiscard]] Result<std::optional<Damage>> inspect(std::uint64_t first, std::uint64_t last);
  // Moves those rows with their octets to the table journal_quarantine, for inspection; retention
  // by age empties it. Unreachable rows are recorded there. Inside the caller's transaction.
  [[nodiscard]] Status quarantine(const Damage& damage, WallTime now);

  // Over the groups that the table still has.
  struct Stats {
    std::uint64_t groups = 0;
    std::uint64_t events = 0;
    std::uint64_t octets = 0;
    WallTime oldest;  // of the groups; 1970 when there is none
    WallTime newest;
  };
  [[nodiscard]] Result<Stats> stats();
  // One entry of journal_quarantine.
  struct Quarantined {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t octets = 0;
    WallTime found;
  };
  [[nodiscard]] Result<std::vector<Quarantined>> quarantined(std::size_t count_max = 10'000);

 private:
  enum class Sql : std::size_t {
    append,
    read,
    probe,
    rows,
    oldest,
    newest,
    highest,
    trimmable,
    remove,
    total,
    keep,
    note,
    noted,
    note_last,
    noted_last,
    forget,
    stats,
    quarantined,
    count
  };
  struct Walk;

  Journal(std::vector<Statement> statements, Intact intact)
      : statements_(std::move(statements)), intact_(std::move(intact)) {}
  static Result<Journal> prepare(Database& database, Intact intact);
  [[nodiscard]] Statement& at(Sql sql) { return statements_[static_cast<std::size_t>(sql)]; }

  [[nodiscard]] bool sound(const JournalGroup& group, std::int64_t checksum) const;
  [[nodiscard]] Result<bool> walk_run(Walk& walk);
  [[nodiscard]] Result<std::optional<std::uint64_t>> probe(std::uint64_t from);
  struct Newest {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t octets = 0;
  };
  [[nodiscard]] Result<std::optional<Newest>> newest();
  [[nodiscard]] std::uint64_t noted_last();
  [[nodiscard]] Result<std::optional<std::uint64_t>> next_readable(std::uint64_t from,
                                                                   std::uint64_t end);

  std::vector<Statement> statements_;
  Intact intact_;
  std::uint64_t octets_total_ = 0;
  bool total_known_ = false;
  std::uint64_t noted_last_ = 0;
};

}  // namespace sense

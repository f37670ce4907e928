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

// One group commit: consecutive sequences first..last and their records as octets, of which the
// journal knows nothing. Limit: group_octets_max.
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
  // Whether the octets of a group whose checksum matches are what its owner once appended. A group
  // that fails is damaged like any other. Empty: the checksum alone counts.
  using Intact = std::function<bool(const JournalGroup&)>;

  // Makes the tables when they are not there (unless the connection only reads). Refuses those of a
  // newer version, before it changes anything.
  [[nodiscard]] static Result<Journal> open(Database& database, Intact intact = {});
  [[nodiscard]] static Result<Journal> open_read_only(Database& database, Intact intact = {});

  // REQUIRES: group.first is above the last sequence, or the journal is empty. Durable once the
  // caller's transaction has been committed; undone by its rollback, of which rolled_back() tells.
  [[nodiscard]] Status append(const JournalGroup& group);
  // What was appended, trimmed or quarantined since the last commit did not happen.
  void rolled_back() {
    total_known_ = false;
    noted_last_ = 0;
  }

  // Hands out groups with last >= from, in order, until `take` answers false or there are no more.
  // The views live during the call of `take` only. Damage is handed out as one group up to the next
  // intact one, whose numbers bound it: what a damaged row says of itself is not believed. That
  // includes what SQLite cannot reach (a destroyed page): it is leapt over, by doubling steps and
  // then bisection, so that between two destroyed pages a readable one may be missed.
  // Sequences that are not there at all are not handed out.
  [[nodiscard]] Status read(std::uint64_t from,
                            const std::function<bool(const JournalGroup&)>& take);

  struct Range {
    std::uint64_t first = 0;  // of the oldest group still held; last + 1 when empty
    std::uint64_t last = 0;   // highest sequence ever appended, 0 when there was none
  };
  [[nodiscard]] Result<Range> range();

  // The last sequence, for who goes on behind it. When the newest group is damaged, so may be its
  // number: then one that is surely not below it, its octets being `octets_of_one` or more for
  // each.
  [[nodiscard]] Result<std::uint64_t> safe_last(std::size_t octets_of_one);

  struct Retention {
    WallTime oldest;               // groups before that go
    std::uint64_t octets_max = 0;  // and the oldest, until the total is no more
    std::uint64_t events_max = 0;  // and those behind which there are so many events; 0: no limit
  };
  // Removes the oldest groups, never the newest, and notes the last sequence apart from the groups:
  // should the newest be gone one day, that shows. At most `groups_max` a call, so that it cannot
  // hold up commits. Answers how many went. Inside the caller's transaction.
  [[nodiscard]] Result<std::uint64_t> trim(const Retention& retention, std::uint32_t groups_max);

  // What is damaged within first..last, looked at again: nothing when it can be read after all, or
  // has been quarantined before.
  struct Damage {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::vector<std::int64_t> rows;  // keys of the damaged rows that can be reached
    bool unreachable = false;        // and some cannot
  };
  [[nodiscard]] Result<std::optional<Damage>> inspect(std::uint64_t first, std::uint64_t last);
  // Moves those rows, octets and all, to the table journal_quarantine, for inspection; retention
  // by age empties it. What cannot be reached is noted there. Inside the caller's transaction.
  [[nodiscard]] Status quarantine(const Damage& damage, WallTime now);

  struct Stats {
    std::uint64_t groups = 0;
    std::uint64_t events = 0;
    std::uint64_t octets = 0;
    WallTime oldest;  // of the groups; 1970 when there is none
    WallTime newest;
  };
  [[nodiscard]] Result<Stats> stats();
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

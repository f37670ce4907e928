// SPDX-License-Identifier: Apache-2.0
#include "core/storage/journal.hpp"

#include <xxhash.h>

#include <algorithm>

#include "core/base/check.hpp"

namespace sense {

namespace {

constexpr std::int64_t version = 1;

constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS journal("
    " first INTEGER PRIMARY KEY, last INTEGER NOT NULL, time INTEGER NOT NULL,"
    " checksum INTEGER NOT NULL, octets BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS journal_version(version INTEGER NOT NULL);"
    "INSERT INTO journal_version SELECT 1 WHERE NOT EXISTS(SELECT 1 FROM journal_version);"
    // first..last: what is lost; row_*: the damaged row as it was, null when it is out of reach.
    "CREATE TABLE IF NOT EXISTS journal_quarantine("
    " first INTEGER NOT NULL, last INTEGER NOT NULL, found INTEGER NOT NULL,"
    " row_first INTEGER, row_last INTEGER, row_time INTEGER, row_checksum INTEGER, octets BLOB);"
    // The last sequence as of the last trim(), and its complement as a check.
    "CREATE TABLE IF NOT EXISTS journal_last(last INTEGER NOT NULL, complement INTEGER NOT NULL);"
    "INSERT INTO journal_last SELECT 0,~0 WHERE NOT EXISTS(SELECT 1 FROM journal_last);";

// In the order of Journal::Sql.
constexpr std::array<std::string_view, 18> sql_texts = {
    "INSERT INTO journal VALUES(?1,?2,?3,?4,?5)",
    "SELECT first,last,time,checksum,octets FROM journal WHERE first >= "
    "coalesce((SELECT max(first) FROM journal WHERE first <= ?1), 0) ORDER BY first",
    "SELECT first,octets FROM journal WHERE first >= ?1 ORDER BY first LIMIT 1",
    "SELECT first,last,time,checksum,octets FROM journal WHERE first BETWEEN ?1 AND ?2 "
    "ORDER BY first",
    "SELECT first FROM journal ORDER BY first LIMIT 1",
    "SELECT first,last,length(octets) FROM journal ORDER BY first DESC LIMIT 1",
    "SELECT coalesce(max(last),0) FROM journal WHERE last BETWEEN first AND first+length(octets)",
    "SELECT first,last,time,length(octets) FROM journal "
    "WHERE first < (SELECT max(first) FROM journal) ORDER BY first LIMIT ?1",
    "DELETE FROM journal WHERE first BETWEEN ?1 AND ?2",
    "SELECT coalesce(sum(length(octets)),0) FROM journal",
    "INSERT INTO journal_quarantine SELECT ?1,?2,?3,first,last,time,checksum,octets FROM journal "
    "WHERE first=?4",
    "INSERT INTO journal_quarantine VALUES(?1,?2,?3,NULL,NULL,NULL,NULL,NULL)",
    "SELECT count(*) FROM journal_quarantine WHERE first<=?1 AND last>=?2 AND row_first IS NULL",
    "UPDATE journal_last SET last=?1, complement=~?1",
    "SELECT last FROM journal_last WHERE last = ~complement",
    "DELETE FROM journal_quarantine WHERE found < ?1",
    "SELECT count(*),coalesce(sum(last-first+1),0),coalesce(sum(length(octets)),0),"
    "coalesce(min(time),0),coalesce(max(time),0) FROM journal",
    "SELECT first,last,coalesce(length(octets),0),found FROM journal_quarantine "
    "ORDER BY first LIMIT ?1",
};

// Covers the row's numbers, too, so that a record is never read with another sequence.
std::int64_t checksum_of(const JournalGroup& group) {
  const std::array<std::int64_t, 3> numbers = {static_cast<std::int64_t>(group.first),
                                               static_cast<std::int64_t>(group.last),
                                               to_micros(group.time)};
  const auto seed = XXH3_64bits(numbers.data(), sizeof numbers);
  return static_cast<std::int64_t>(
      XXH3_64bits_withSeed(group.octets.data(), group.octets.size(), seed));
}

std::uint64_t natural(std::int64_t number) { return static_cast<std::uint64_t>(number); }

Status check_version(Database& database) {
  auto statement = database.prepare("SELECT max(version) FROM journal_version");
  if (!statement) return tl::unexpected(statement.error());
  if (auto row = statement->step(); !row) return tl::unexpected(row.error());
  if (statement->integer(0) > version)
    return fail(Code::badcontext, "the journal was written by a newer version of SENSE (format " +
                                      std::to_string(statement->integer(0)) +
                                      "); this one reads format 1: install the newer version, or "
                                      "transfer the events with `sense journal export` of the "
                                      "newer and `sense journal import` of this one");
  return {};
}

Result<bool> has_version(Database& database) {
  auto statement = database.prepare("SELECT 1 FROM sqlite_master WHERE name='journal_version'");
  if (!statement) return tl::unexpected(statement.error());
  return statement->step();
}

}  // namespace

Result<Journal> Journal::prepare(Database& database, Intact intact) {
  static_assert(sql_texts.size() == static_cast<std::size_t>(Sql::count));
  std::vector<Statement> statements;
  for (const auto text : sql_texts) {
    auto statement = database.prepare(text);
    if (!statement) return tl::unexpected(statement.error());
    statements.push_back(std::move(*statement));
  }
  return Journal(std::move(statements), std::move(intact));
}

Result<Journal> Journal::open(Database& database, Intact intact) {
  const auto there = has_version(database);
  if (!there) return tl::unexpected(there.error());
  if (*there)
    if (auto status = check_version(database); !status) return tl::unexpected(status.error());
  if (auto status = database.execute(schema); !status) return tl::unexpected(status.error());
  return prepare(database, std::move(intact));
}

Result<Journal> Journal::open_read_only(Database& database, Intact intact) {
  // A version that is unreadable because of damage does not count as newer.
  if (auto status = check_version(database); !status && status.error().code != Code::system)
    return tl::unexpected(status.error());
  return prepare(database, std::move(intact));
}

Status Journal::append(const JournalGroup& group) {
  SENSE_CHECK(group.first > 0 && group.last >= group.first);
  SENSE_CHECK(group.octets.size() <= group_octets_max);
  octets_total_ += group.octets.size();
  return at(Sql::append)
      .bind(1, static_cast<std::int64_t>(group.first))
      .bind(2, static_cast<std::int64_t>(group.last))
      .bind(3, to_micros(group.time))
      .bind(4, checksum_of(group))
      .bind_blob(5, group.octets)
      .run();
}

bool Journal::sound(const JournalGroup& group, std::int64_t checksum) const {
  return group.first > 0 && group.last >= group.first && checksum_of(group) == checksum &&
         (!intact_ || intact_(group));
}

Result<std::optional<Journal::Newest>> Journal::newest() {
  auto& statement = at(Sql::newest);
  const auto row = statement.step();
  if (!row) return tl::unexpected(row.error());
  std::optional<Newest> found;
  if (*row)
    found = Newest{natural(statement.integer(0)), natural(statement.integer(1)),
                   natural(statement.integer(2))};
  statement.reset();
  return found;
}

// 0 when it cannot be read: it is optional.
std::uint64_t Journal::noted_last() {
  auto& statement = at(Sql::noted_last);
  const auto row = statement.step();
  const auto last = row && *row ? natural(statement.integer(0)) : 0;
  statement.reset();
  return last;
}

Result<Journal::Range> Journal::range() {
  // Read first, so that it cannot be ahead of the groups.
  const auto noted = noted_last();
  const auto found = newest();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return Range{noted + 1, noted};
  const auto last = std::max((*found)->last, noted);
  auto& statement = at(Sql::oldest);
  const auto row = statement.step();
  if (row) {
    const Range range{natural(statement.integer(0)), last};
    statement.reset();
    return range;
  }
  if (row.error().code != Code::system) return tl::unexpected(row.error());
  const auto readable = next_readable(1, (*found)->first);
  if (!readable) return tl::unexpected(readable.error());
  return Range{readable->value_or(last + 1), last};
}

Result<std::uint64_t> Journal::safe_last(std::size_t octets_of_one) {
  const auto noted = noted_last();
  const auto found = newest();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return noted;
  bool whole = false;
  const auto status = read((*found)->first, [&](const JournalGroup& group) {
    whole = !group.damaged && group.first == (*found)->first;
    return false;
  });
  if (!status) return tl::unexpected(status.error());
  if (whole) return std::max((*found)->last, noted);
  auto& highest = at(Sql::highest);
  if (auto row = highest.step(); !row) return tl::unexpected(row.error());
  const auto base = std::max({(*found)->first, natural(highest.integer(0)), noted});
  highest.reset();
  return base + (*found)->octets / octets_of_one;
}

Result<std::uint64_t> Journal::trim(const Retention& retention, std::uint32_t groups_max) {
  if (!total_known_) {
    auto& total = at(Sql::total);
    if (auto row = total.step(); !row) return tl::unexpected(row.error());
    octets_total_ = natural(total.integer(0));
    total.reset();
    total_known_ = true;
  }
  if (auto status = at(Sql::forget).bind(1, to_micros(retention.oldest)).run(); !status)
    return tl::unexpected(status.error());
  const auto last = newest();
  if (!last) return tl::unexpected(last.error());
  if (!*last) return 0;
  if ((*last)->last > noted_last_) {
    const auto number = static_cast<std::int64_t>((*last)->last);
    if (auto status = at(Sql::note_last).bind(1, number).run(); !status)
      return tl::unexpected(status.error());
    noted_last_ = (*last)->last;
  }
  std::uint64_t count = 0;
  std::int64_t remove_to = 0;
  auto& trimmable = at(Sql::trimmable).bind(1, groups_max);
  for (;;) {
    const auto row = trimmable.step();
    if (!row) {
      total_known_ = false;
      return tl::unexpected(row.error());
    }
    if (!*row) break;
    const bool too_old = from_micros(trimmable.integer(2)) < retention.oldest;
    const bool too_many = retention.events_max != 0 &&
                          natural(trimmable.integer(1)) + retention.events_max <= (*last)->last;
    if (!too_old && !too_many && octets_total_ <= retention.octets_max) break;
    remove_to = trimmable.integer(0);
    octets_total_ -= natural(trimmable.integer(3));
    ++count;
  }
  trimmable.reset();
  if (count == 0) return count;
  if (auto status = at(Sql::remove).bind(1, INT64_MIN).bind(2, remove_to).run(); !status) {
    total_known_ = false;
    return tl::unexpected(status.error());
  }
  return count;
}

Result<std::optional<Journal::Damage>> Journal::inspect(std::uint64_t first, std::uint64_t last) {
  Damage damage{first, last, {}, false};
  auto& rows = at(Sql::rows)
                   .bind(1, static_cast<std::int64_t>(first))
                   .bind(2, static_cast<std::int64_t>(last));
  for (;;) {
    const auto row = rows.step();
    if (!row && row.error().code != Code::system) return tl::unexpected(row.error());
    damage.unreachable = !row;
    if (!row || !*row) break;
    const JournalGroup group{natural(rows.integer(0)), natural(rows.integer(1)),
                             from_micros(rows.integer(2)), rows.octets(4), false};
    if (!sound(group, rows.integer(3))) damage.rows.push_back(rows.integer(0));
  }
  rows.reset();
  const auto noted_here = noted_last();
  const auto newest_here = newest();
  // Groups missing at the end.
  if (newest_here && (!*newest_here || (*newest_here)->last < first) && last <= noted_here)
    damage.unreachable = true;
  if (damage.unreachable) {
    auto& noted = at(Sql::noted)
                      .bind(1, static_cast<std::int64_t>(first))
                      .bind(2, static_cast<std::int64_t>(last));
    if (auto row = noted.step(); !row) return tl::unexpected(row.error());
    damage.unreachable = noted.integer(0) == 0;
    noted.reset();
  }
  if (damage.rows.empty() && !damage.unreachable) return std::nullopt;
  return damage;
}

Status Journal::quarantine(const Damage& damage, WallTime now) {
  const auto numbers = [&](Sql sql) -> Statement& {
    return at(sql)
        .bind(1, static_cast<std::int64_t>(damage.first))
        .bind(2, static_cast<std::int64_t>(damage.last))
        .bind(3, to_micros(now));
  };
  total_known_ = false;
  for (const auto row : damage.rows) {
    if (auto status = numbers(Sql::keep).bind(4, row).run(); !status) return status;
    if (auto status = at(Sql::remove).bind(1, row).bind(2, row).run(); !status) return status;
  }
  if (damage.unreachable) return numbers(Sql::note).run();
  return {};
}

Result<Journal::Stats> Journal::stats() {
  auto& statement = at(Sql::stats);
  if (auto row = statement.step(); !row) return tl::unexpected(row.error());
  const Stats stats{natural(statement.integer(0)), natural(statement.integer(1)),
                    natural(statement.integer(2)), from_micros(statement.integer(3)),
                    from_micros(statement.integer(4))};
  statement.reset();
  return stats;
}

Result<std::vector<Journal::Quarantined>> Journal::quarantined(std::size_t count_max) {
  std::vector<Quarantined> all;
  auto& statement = at(Sql::quarantined).bind(1, static_cast<std::int64_t>(count_max));
  for (;;) {
    const auto row = statement.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    all.push_back({natural(statement.integer(0)), natural(statement.integer(1)),
                   natural(statement.integer(2)), from_micros(statement.integer(3))});
  }
  statement.reset();
  return all;
}

}  // namespace sense

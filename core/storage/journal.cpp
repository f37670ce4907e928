#include "core/storage/journal.hpp"

#include <xxhash.h>

#include <array>
#include <limits>

#include "core/base/check.hpp"

namespace sense {

namespace {

constexpr std::int64_t version = 1;

constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS journal("
    " first INTEGER PRIMARY KEY, last INTEGER NOT NULL, time INTEGER NOT NULL,"
    " checksum INTEGER NOT NULL, octets BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS journal_version(version INTEGER NOT NULL);"
    "INSERT INTO journal_version SELECT 1 WHERE NOT EXISTS(SELECT 1 FROM journal_version);";

// Over the row's numbers too, so that a record can never be read under another's sequence.
std::int64_t checksum(const JournalGroup& group) {
  const std::array<std::int64_t, 3> numbers = {static_cast<std::int64_t>(group.first),
                                               static_cast<std::int64_t>(group.last),
                                               to_micros(group.time)};
  const auto seed = XXH3_64bits(numbers.data(), sizeof numbers);
  return static_cast<std::int64_t>(
      XXH3_64bits_withSeed(group.octets.data(), group.octets.size(), seed));
}

Status check_version(Database& database) {
  auto statement = database.prepare("SELECT max(version) FROM journal_version");
  if (!statement) return tl::unexpected(statement.error());
  if (auto row = statement->step(); !row) return tl::unexpected(row.error());
  if (statement->integer(0) > version)
    return fail(Code::badcontext, "the journal was written by a newer version of SENSE (format " +
                                      std::to_string(statement->integer(0)) +
                                      "); this one reads format 1: install the newer version");
  return {};
}

}  // namespace

Journal::Journal(Statement append, Statement read, Statement range, Statement oldest,
                 Statement remove, Statement total)
    : append_(std::move(append)),
      read_(std::move(read)),
      range_(std::move(range)),
      oldest_(std::move(oldest)),
      remove_(std::move(remove)),
      total_(std::move(total)) {}

Result<Journal> Journal::prepare(Database& database) {
  if (auto status = check_version(database); !status) return tl::unexpected(status.error());
  auto append = database.prepare("INSERT INTO journal VALUES(?1,?2,?3,?4,?5)");
  if (!append) return tl::unexpected(append.error());
  auto read = database.prepare(
      "SELECT first,last,time,checksum,octets FROM journal WHERE first >= "
      "coalesce((SELECT max(first) FROM journal WHERE first <= ?1), 0) ORDER BY first");
  if (!read) return tl::unexpected(read.error());
  auto range = database.prepare(
      "SELECT (SELECT min(first) FROM journal), "
      "(SELECT last FROM journal ORDER BY first DESC LIMIT 1)");
  if (!range) return tl::unexpected(range.error());
  auto oldest = database.prepare(
      "SELECT first,time,length(octets) FROM journal "
      "WHERE first < (SELECT max(first) FROM journal) ORDER BY first LIMIT ?1");
  if (!oldest) return tl::unexpected(oldest.error());
  auto remove = database.prepare("DELETE FROM journal WHERE first <= ?1");
  if (!remove) return tl::unexpected(remove.error());
  auto total = database.prepare("SELECT coalesce(sum(length(octets)),0) FROM journal");
  if (!total) return tl::unexpected(total.error());
  return Journal(std::move(*append), std::move(*read), std::move(*range), std::move(*oldest),
                 std::move(*remove), std::move(*total));
}

Result<Journal> Journal::open(Database& database) {
  if (auto status = database.execute(schema); !status) return tl::unexpected(status.error());
  return prepare(database);
}

Result<Journal> Journal::open_read_only(Database& database) { return prepare(database); }

Status Journal::append(const JournalGroup& group) {
  SENSE_CHECK(group.first > 0 && group.last >= group.first);
  SENSE_CHECK(group.octets.size() <= group_octets_max);
  octets_total_ += group.octets.size();
  return append_.bind(1, static_cast<std::int64_t>(group.first))
      .bind(2, static_cast<std::int64_t>(group.last))
      .bind(3, to_micros(group.time))
      .bind(4, checksum(group))
      .bind_blob(5, group.octets)
      .run();
}

Status Journal::read(std::uint64_t from, const std::function<bool(const JournalGroup&)>& take) {
  // No sequence is that high; cast, it would be negative and select everything.
  if (from > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return {};
  read_.bind(1, static_cast<std::int64_t>(from));
  for (;;) {
    const auto row = read_.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    JournalGroup group{static_cast<std::uint64_t>(read_.integer(0)),
                       static_cast<std::uint64_t>(read_.integer(1)), from_micros(read_.integer(2)),
                       read_.octets(4), false};
    if (group.last < from) continue;
    if (checksum(group) != read_.integer(3)) {
      group.damaged = true;
      group.octets = {};
    }
    if (!take(group)) break;
  }
  read_.reset();
  return {};
}

Result<Journal::Range> Journal::range() {
  if (auto row = range_.step(); !row) return tl::unexpected(row.error());
  Range range{static_cast<std::uint64_t>(range_.integer(0)),
              static_cast<std::uint64_t>(range_.integer(1))};
  range_.reset();
  if (range.first == 0) range.first = range.last + 1;
  return range;
}

Result<std::uint64_t> Journal::trim(WallTime oldest, std::uint64_t octets_max,
                                    std::uint32_t groups_max) {
  if (!total_known_) {
    if (auto row = total_.step(); !row) return tl::unexpected(row.error());
    octets_total_ = static_cast<std::uint64_t>(total_.integer(0));
    total_.reset();
    total_known_ = true;
  }
  std::uint64_t count = 0;
  std::int64_t remove_to = 0;
  oldest_.bind(1, groups_max);
  for (;;) {
    const auto row = oldest_.step();
    if (!row) {
      total_known_ = false;
      return tl::unexpected(row.error());
    }
    if (!*row) break;
    const bool too_old = from_micros(oldest_.integer(1)) < oldest;
    if (!too_old && octets_total_ <= octets_max) break;
    remove_to = oldest_.integer(0);
    octets_total_ -= static_cast<std::uint64_t>(oldest_.integer(2));
    ++count;
  }
  oldest_.reset();
  if (count == 0) return count;
  if (auto status = remove_.bind(1, remove_to).run(); !status) {
    total_known_ = false;
    return tl::unexpected(status.error());
  }
  return count;
}

}  // namespace sense

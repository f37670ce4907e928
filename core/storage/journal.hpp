#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

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
  bool damaged = false;  // the checksum does not match: octets is empty
};

inline constexpr std::size_t group_octets_max = 64 * 1024 * 1024;

// The journal's table in a database: one row for each group commit, with an XXH3 checksum over the
// row. Belongs to the database's thread; the database must outlive it.
class Journal {
 public:
  // Makes the table when it is not there (unless the connection only reads). Refuses the table of a
  // newer version.
  [[nodiscard]] static Result<Journal> open(Database& database);
  [[nodiscard]] static Result<Journal> open_read_only(Database& database);

  // REQUIRES: group.first is the last sequence plus one, or the journal is empty. Durable once the
  // caller's transaction has been committed; undone by its rollback, of which rolled_back() tells.
  [[nodiscard]] Status append(const JournalGroup& group);
  // What was appended or trimmed since the last commit did not happen.
  void rolled_back() { total_known_ = false; }

  // Hands out groups with last >= from, in order, until `take` answers false or there are no more.
  // The views live during the call of `take` only.
  [[nodiscard]] Status read(std::uint64_t from,
                            const std::function<bool(const JournalGroup&)>& take);

  struct Range {
    std::uint64_t first = 0;  // of the oldest group still held; last + 1 when empty
    std::uint64_t last = 0;   // highest sequence ever appended, 0 when there was none
  };
  [[nodiscard]] Result<Range> range();

  // Removes the oldest groups: all older than `oldest`, and as many more as bring the total of
  // octets to `octets_max`; never the newest group. At most `groups_max` a call, so that it cannot
  // hold up commits. Answers how many went. Inside the caller's transaction.
  [[nodiscard]] Result<std::uint64_t> trim(WallTime oldest, std::uint64_t octets_max,
                                           std::uint32_t groups_max);

 private:
  Journal(Statement append, Statement read, Statement range, Statement oldest, Statement remove,
          Statement total);
  static Result<Journal> prepare(Database& database);

  Statement append_;
  Statement read_;
  Statement range_;
  Statement oldest_;
  Statement remove_;
  Statement total_;
  std::uint64_t octets_total_ = 0;
  bool total_known_ = false;
};

}  // namespace sense

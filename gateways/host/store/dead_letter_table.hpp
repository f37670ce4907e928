// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/storage/database.hpp"
#include "core/subscription/dead_letter_request.hpp"
#include "gateways/host/engine/engine.hpp"

// The dead letters in a gateway's store, the progress of the requests about them, and the last
// events that expired before they were delivered. Each function
// works on the given database, in the transaction that is open there; the database's thread. Errors
// are the database's.
namespace sense {

// A dead letter. Ids ascend and are never reused.
struct StoredDeadLetter {
  std::int64_t id = 0;
  WallTime time;
  Engine::DeadLetter dead_letter;  // its `event` is null: read_dead_letter_event()
};

// Which dead letters, or expired events, to read. A value; a page may have none although another
// follows, since `since` selects among the rows examined.
struct DeadLetterQuery {
  std::string subscription{};  // empty: of all subscriptions
  WallTime since{};
  std::int64_t after = 0;                                        // ids greater than this ...
  std::int64_t upto = std::numeric_limits<std::int64_t>::max();  // ... up to this one
  std::uint32_t limit = 1000;  // rows examined, whatever their time
  bool expired = false;        // what has expired, which has ids of its own and no event here
};

// The dead letters that one query found.
struct DeadLetterPage {
  std::vector<StoredDeadLetter> dead_letters;  // by id
  std::int64_t next = 0;                       // `after` of the next page
  bool more = false;                           // there may be a next page
};

[[nodiscard]] Result<DeadLetterPage> read_dead_letters(Database& database,
                                                       const DeadLetterQuery& query);

// The stored form of an event, for a column `record`.
[[nodiscard]] std::string record_of(const Event& event);
// Reads an event from the column `record` of what `sql` selects by ?1. Fails with notfound when
// `name` is not there, with protoerror when its event is lost or damaged.
[[nodiscard]] Result<EventRef> read_record(Database& database, const char* sql, std::int64_t key,
                                           const std::string& name);
[[nodiscard]] Result<EventRef> read_dead_letter_event(Database& database, std::int64_t id);

// ---- for the store

// Makes the tables when they do not exist, and takes over the ids of an older store.
[[nodiscard]] Status make_dead_letter_tables(Database& database);
[[nodiscard]] Status write_dead_letters(Database& database,
                                        const std::vector<Engine::DeadLetter>& dead_letters,
                                        WallTime now);
// Of them the last `expired_max` are kept.
inline constexpr std::size_t expired_max = 100'000;
[[nodiscard]] Status write_expired(Database& database,
                                   const std::vector<Engine::DeadLetter>& expired, WallTime now);
[[nodiscard]] Status remove_dead_letters(Database& database, const std::vector<std::int64_t>& ids);
// The highest id ever assigned.
[[nodiscard]] Result<std::int64_t> last_dead_letter(Database& database);

// The state of a request to redrive or purge dead letters. It is stored, so that a crash neither
// forgets nor repeats it.
struct RedriveJob {
  DeadLetterOutcome outcome;  // so far; `request` is its key
  std::int64_t after = 0;     // processed up to this id
  std::optional<std::int64_t>
      upto;               // the last dead letter at its begin; later ones are not selected
  bool answered = false;  // its outcome is published: the job is removed
};
// Changes of dead letters since the last checkpoint, and what has expired since.
struct DeadLetterChanges {
  std::vector<std::int64_t> removed = {};  // redriven or purged
  std::vector<RedriveJob> jobs = {};       // progress of requests
  std::vector<Engine::DeadLetter> expired = {};
};
[[nodiscard]] Status write_redrive_jobs(Database& database, const std::vector<RedriveJob>& jobs);
// By sequence. A job that cannot be read is left out and logged.
[[nodiscard]] Result<std::vector<RedriveJob>> read_redrive_jobs(Database& database);

}  // namespace sense

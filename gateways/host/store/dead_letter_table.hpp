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

// The dead letters in a gateway's store, and how far the requests about them are. Each function
// works on the database that it is given, in the transaction that is open there; the database's
// thread. Errors are the database's.
namespace sense {

// A dead letter. Ids ascend as they come and are never given again.
struct Letter {
  std::int64_t id = 0;
  WallTime time;
  Engine::DeadLetter letter;  // without its event
};

struct LetterQuery {
  std::string subscription{};  // empty: of all
  WallTime since{};
  std::int64_t after = 0;                                        // only ids behind it ...
  std::int64_t upto = std::numeric_limits<std::int64_t>::max();  // ... and not behind this one
  std::uint32_t limit = 1000;  // so many are looked at, whatever their time
};

struct LetterPage {
  std::vector<Letter> letters;  // by id
  std::int64_t next = 0;        // the page behind this one: ask after it
  bool more = false;            // there may be one
};

[[nodiscard]] Result<LetterPage> read_letters(Database& database, const LetterQuery& query);

// An event as stores keep it, in a column `record`.
[[nodiscard]] std::string record_of(const Event& event);
// The event from the column `record` of what `sql` selects by ?1. Fails with notfound
// when `name` is not there, with protoerror when its event is lost or damaged.
[[nodiscard]] Result<EventRef> read_record(Database& database, const char* sql, std::int64_t key,
                                           const std::string& name);
[[nodiscard]] Result<EventRef> read_letter_event(Database& database, std::int64_t id);

// ---- for who writes

// Makes what is not there, and takes the ids of an older store over.
[[nodiscard]] Status make_letter_tables(Database& database);
[[nodiscard]] Status write_letters(Database& database, const std::vector<Engine::DeadLetter>& dead,
                                   WallTime now);
[[nodiscard]] Status remove_letters(Database& database, const std::vector<std::int64_t>& ids);
// The highest id that was ever given.
[[nodiscard]] Result<std::int64_t> last_letter(Database& database);

// How far a request is. It stands in the store, so that a crash neither forgets nor repeats it.
struct LetterWork {
  LetterOutcome outcome;             // so far; `request` is its key
  std::int64_t after = 0;            // everything up to this id is done
  std::optional<std::int64_t> upto;  // the last letter when it began; what dies later is not meant
  bool answered = false;             // nothing is left to be done: it goes
};
[[nodiscard]] Status write_work(Database& database, const std::vector<LetterWork>& work);
// By sequence. What cannot be read is left out, and logged.
[[nodiscard]] Result<std::vector<LetterWork>> read_work(Database& database);

}  // namespace sense

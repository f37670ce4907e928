// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/dead_letter_table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/event/record.hpp"

namespace sense {

namespace {

using Json = nlohmann::json;

constexpr const char* dead_letter_schema =
    "CREATE TABLE IF NOT EXISTS dead_letter(id INTEGER PRIMARY KEY, subscription TEXT NOT NULL,"
    " number INTEGER NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, reason TEXT NOT NULL, answer TEXT NOT NULL, record BLOB);"
    // Finds the dead letters of one subscription among a million others.
    "CREATE INDEX IF NOT EXISTS dead_letter_subscription ON dead_letter(subscription);"
    // SQLite alone would reuse the id of the last row once that is removed.
    "CREATE TABLE IF NOT EXISTS letter_last(one INTEGER PRIMARY KEY CHECK(one=1),"
    " id INTEGER NOT NULL);"
    "INSERT OR IGNORE INTO letter_last SELECT 1, coalesce(max(id),0) FROM dead_letter;"
    // The row with the highest id is never removed alone, so that ids ascend.
    "CREATE TABLE IF NOT EXISTS expired(id INTEGER PRIMARY KEY, subscription TEXT NOT NULL,"
    " number INTEGER NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS letter_work(sequence INTEGER PRIMARY KEY, work TEXT NOT NULL);";

StoredDeadLetter dead_letter_of(const Statement& row) {
  Engine::DeadLetter dead_letter;
  dead_letter.subscription = row.octets(2);
  dead_letter.number = static_cast<std::uint64_t>(row.integer(3));
  dead_letter.sequence = static_cast<std::uint64_t>(row.integer(4));
  dead_letter.attempts = static_cast<std::uint32_t>(row.integer(5));
  dead_letter.reason = row.octets(6);
  dead_letter.answer = row.octets(7);
  return {row.integer(0), from_micros(row.integer(1)), std::move(dead_letter)};
}

// ---- requests

// The outcome as its event has it, and the members that only the gateway needs.
std::string to_text(const RedriveJob& job) {
  Json json = {{"outcome", dead_letter_outcome_event(job.outcome, WallTime{}).data},
               {"correlation", job.outcome.correlation},
               {"finished", job.outcome.finished},
               {"after", job.after}};
  if (job.upto) json["upto"] = *job.upto;
  return json_text(json);
}

Result<RedriveJob> job_from_text(std::string_view text) {
  const auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto number = [&](const char* name) -> std::optional<std::int64_t> {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  const auto string = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  auto event = dead_letter_outcome_event({}, WallTime{});
  event.data = string("outcome");
  auto outcome = dead_letter_outcome(event);
  if (!outcome) return tl::unexpected(outcome.error());
  if (auto status = validate(outcome->asked.selection); !status)
    return tl::unexpected(status.error());
  const auto after = number("after");
  const auto finished = json.find("finished");
  if (!after || finished == json.end() || !finished->is_boolean())
    return fail(Code::protoerror, "it has no valid progress");
  RedriveJob job;
  job.outcome = std::move(*outcome);
  job.outcome.correlation = string("correlation");
  job.outcome.finished = finished->get<bool>();
  job.after = *after;
  job.upto = number("upto");
  return job;
}

}  // namespace

std::string record_of(const Event& event) {
  std::string octets;
  const auto encoded = encode(event);
  append_record(octets, {event.sequence, event.observedtime.value_or(WallTime{}), event.principal,
                         encoded, event.via});
  return octets;
}

Result<DeadLetterPage> read_dead_letters(Database& database, const DeadLetterQuery& query) {
  auto select = database.prepare(
      "SELECT id,time,subscription,number,sequence,attempts," +
      std::string(query.expired ? "'expired','' FROM expired" : "reason,answer FROM dead_letter") +
      " WHERE " + (query.subscription.empty() ? "" : "subscription=?4 AND ") +
      "id>?1 AND id<=?2 ORDER BY id LIMIT ?3");
  if (!select) return tl::unexpected(select.error());
  select->bind(1, query.after).bind(2, query.upto).bind(3, query.limit);
  if (!query.subscription.empty()) select->bind_text(4, query.subscription);
  DeadLetterPage page;
  page.next = query.after;
  for (std::uint32_t seen = 0;; ++seen) {
    const auto row = select->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) {
      page.more = seen == query.limit;
      return page;
    }
    auto dead_letter = dead_letter_of(*select);
    page.next = dead_letter.id;
    if (dead_letter.time >= query.since) page.dead_letters.push_back(std::move(dead_letter));
  }
}

Result<EventRef> read_record(Database& database, const char* sql, std::int64_t key,
                             const std::string& name) {
  auto select = database.prepare(sql);
  if (!select) return tl::unexpected(select.error());
  const auto row = select->bind(1, key).step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return fail(Code::notfound, name + " is not in the gateway's store");
  auto event = decode_single_record(select->octets(0));
  if (!event)
    return fail(Code::protoerror,
                name + " in the gateway's store is damaged: " + event.error().message);
  return std::make_shared<const Event>(std::move(*event));
}

Result<EventRef> read_dead_letter_event(Database& database, std::int64_t id) {
  return read_record(database, "SELECT record FROM dead_letter WHERE id=?1", id,
                     "the event of dead letter " + std::to_string(id));
}

Status make_dead_letter_tables(Database& database) { return database.execute(dead_letter_schema); }

Status write_dead_letters(Database& database, const std::vector<Engine::DeadLetter>& dead_letters,
                          WallTime now) {
  if (dead_letters.empty()) return {};
  auto last = last_dead_letter(database);
  if (!last) return tl::unexpected(last.error());
  auto insert = database.prepare(
      "INSERT INTO dead_letter(subscription,number,sequence,time,attempts,reason,answer,record,id) "
      "VALUES(?1,?2,?3,?4,?5,?6,?7,coalesce(?8,(SELECT record FROM event WHERE sequence=?3)),?9)");
  if (!insert) return tl::unexpected(insert.error());
  for (const auto& dead_letter : dead_letters) {
    const auto record = dead_letter.event ? record_of(*dead_letter.event) : std::string();
    insert->bind_text(1, dead_letter.subscription);
    insert->bind(2, static_cast<std::int64_t>(dead_letter.number));
    insert->bind(3, static_cast<std::int64_t>(dead_letter.sequence));
    insert->bind(4, to_micros(now)).bind(5, dead_letter.attempts);
    insert->bind_text(6, dead_letter.reason).bind_text(7, dead_letter.answer);
    if (dead_letter.event) insert->bind_blob(8, record);
    insert->bind(9, ++*last);
    if (auto status = insert->run(); !status) return status;
  }
  auto note = database.prepare("INSERT OR REPLACE INTO letter_last VALUES(1,?1)");
  if (!note) return tl::unexpected(note.error());
  return note->bind(1, *last).run();
}

Status write_expired(Database& database, const std::vector<Engine::DeadLetter>& expired,
                     WallTime now) {
  if (expired.empty()) return {};
  auto last = database.prepare("SELECT coalesce(max(id),0) FROM expired");
  if (!last) return tl::unexpected(last.error());
  if (const auto row = last->step(); !row) return tl::unexpected(row.error());
  auto id = last->integer(0);
  auto insert = database.prepare("INSERT INTO expired VALUES(?1,?2,?3,?4,?5,?6)");
  if (!insert) return tl::unexpected(insert.error());
  const auto kept = std::min(expired.size(), expired_max);
  id += static_cast<std::int64_t>(expired.size() - kept);
  for (const auto& each : std::span(expired).last(kept)) {
    insert->bind(1, ++id).bind_text(2, each.subscription);
    insert->bind(3, static_cast<std::int64_t>(each.number));
    insert->bind(4, static_cast<std::int64_t>(each.sequence));
    insert->bind(5, to_micros(now)).bind(6, each.attempts);
    if (auto status = insert->run(); !status) return status;
  }
  auto remove = database.prepare("DELETE FROM expired WHERE id<=?1");
  if (!remove) return tl::unexpected(remove.error());
  return remove->bind(1, id - static_cast<std::int64_t>(expired_max)).run();
}

Status remove_dead_letters(Database& database, const std::vector<std::int64_t>& ids) {
  auto remove = database.prepare("DELETE FROM dead_letter WHERE id=?1");
  if (!remove) return tl::unexpected(remove.error());
  for (const auto id : ids)
    if (auto status = remove->bind(1, id).run(); !status) return status;
  return {};
}

Result<std::int64_t> last_dead_letter(Database& database) {
  auto select = database.prepare("SELECT id FROM letter_last");
  if (!select) return tl::unexpected(select.error());
  const auto row = select->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? select->integer(0) : 0;
}

Status write_redrive_jobs(Database& database, const std::vector<RedriveJob>& jobs) {
  auto insert = database.prepare("INSERT OR REPLACE INTO letter_work VALUES(?1,?2)");
  if (!insert) return tl::unexpected(insert.error());
  auto remove = database.prepare("DELETE FROM letter_work WHERE sequence=?1");
  if (!remove) return tl::unexpected(remove.error());
  for (const auto& job : jobs) {
    const auto key = static_cast<std::int64_t>(job.outcome.request);
    const auto text = to_text(job);
    const auto status =
        job.answered ? remove->bind(1, key).run() : insert->bind(1, key).bind_text(2, text).run();
    if (!status) return status;
  }
  return {};
}

Result<std::vector<RedriveJob>> read_redrive_jobs(Database& database) {
  auto select = database.prepare("SELECT sequence,work FROM letter_work ORDER BY sequence");
  if (!select) return tl::unexpected(select.error());
  std::vector<RedriveJob> jobs;
  for (;;) {
    const auto row = select->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return jobs;
    auto job = job_from_text(select->octets(1));
    if (!job) {
      log::error(
          "a request about dead letters cannot be read; it is kept and not executed",
          {{"request", std::to_string(select->integer(0))}, {"reason", job.error().message}});
      continue;
    }
    job->outcome.request = static_cast<std::uint64_t>(select->integer(0));
    jobs.push_back(std::move(*job));
  }
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/dead_letter_table.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/event/codec.hpp"

namespace sense {

namespace {

using Json = nlohmann::json;

constexpr const char* tables =
    "CREATE TABLE IF NOT EXISTS dead_letter(id INTEGER PRIMARY KEY, subscription TEXT NOT NULL,"
    " number INTEGER NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, reason TEXT NOT NULL, answer TEXT NOT NULL, record BLOB);"
    // A few letters among a million others are found without a look at these.
    "CREATE INDEX IF NOT EXISTS dead_letter_subscription ON dead_letter(subscription);"
    // SQLite would give the id of the last letter again once that is gone.
    "CREATE TABLE IF NOT EXISTS letter_last(one INTEGER PRIMARY KEY CHECK(one=1),"
    " id INTEGER NOT NULL);"
    "INSERT OR IGNORE INTO letter_last SELECT 1, coalesce(max(id),0) FROM dead_letter;"
    "CREATE TABLE IF NOT EXISTS letter_work(sequence INTEGER PRIMARY KEY, work TEXT NOT NULL);";

Letter letter_of(const Statement& row) {
  Engine::DeadLetter letter;
  letter.subscription = row.octets(2);
  letter.number = static_cast<std::uint64_t>(row.integer(3));
  letter.sequence = static_cast<std::uint64_t>(row.integer(4));
  letter.attempts = static_cast<std::uint32_t>(row.integer(5));
  letter.reason = row.octets(6);
  letter.answer = row.octets(7);
  return {row.integer(0), from_micros(row.integer(1)), std::move(letter)};
}

// ---- requests

// As the event that tells of it, and what nobody else needs to know.
std::string to_text(const LetterWork& work) {
  Json json = {{"outcome", letter_outcome_event(work.outcome, WallTime{}).data},
               {"correlation", work.outcome.correlation},
               {"finished", work.outcome.finished},
               {"after", work.after}};
  if (work.upto) json["upto"] = *work.upto;
  return json_text(json);
}

Result<LetterWork> work_of(std::string_view text) {
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
  auto event = letter_outcome_event({}, WallTime{});
  event.data = string("outcome");
  auto outcome = letter_outcome(event);
  if (!outcome) return tl::unexpected(outcome.error());
  if (auto status = validate(outcome->asked.selection); !status)
    return tl::unexpected(status.error());
  const auto after = number("after");
  const auto finished = json.find("finished");
  if (!after || finished == json.end() || !finished->is_boolean())
    return fail(Code::protoerror, "it does not say how far it is");
  LetterWork work;
  work.outcome = std::move(*outcome);
  work.outcome.correlation = string("correlation");
  work.outcome.finished = finished->get<bool>();
  work.after = *after;
  work.upto = number("upto");
  return work;
}

}  // namespace

std::string record_of(const Event& event) {
  std::string octets;
  const auto encoded = encode(event);
  append_record(
      octets, {event.sequence, event.observedtime.value_or(WallTime{}), event.principal, encoded});
  return octets;
}

Result<LetterPage> read_letters(Database& database, const LetterQuery& query) {
  auto select = database.prepare(
      "SELECT id,time,subscription,number,sequence,attempts,reason,answer FROM dead_letter WHERE " +
      std::string(query.subscription.empty() ? "" : "subscription=?4 AND ") +
      "id>?1 AND id<=?2 ORDER BY id LIMIT ?3");
  if (!select) return tl::unexpected(select.error());
  select->bind(1, query.after).bind(2, query.upto).bind(3, query.limit);
  if (!query.subscription.empty()) select->bind_text(4, query.subscription);
  LetterPage page;
  page.next = query.after;
  for (std::uint32_t seen = 0;; ++seen) {
    const auto row = select->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) {
      page.more = seen == query.limit;
      return page;
    }
    auto letter = letter_of(*select);
    page.next = letter.id;
    if (letter.time >= query.since) page.letters.push_back(std::move(letter));
  }
}

Result<EventRef> read_record(Database& database, const char* sql, std::int64_t key,
                             const std::string& name) {
  auto select = database.prepare(sql);
  if (!select) return tl::unexpected(select.error());
  const auto row = select->bind(1, key).step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return fail(Code::notfound, name + " is not in the gateway's store");
  const auto records = split_records(select->octets(0), 1);
  if (!records || records->empty())
    return fail(Code::protoerror, name + " in the gateway's store is damaged");
  auto event = decode_record(records->front());
  if (!event)
    return fail(Code::protoerror,
                name + " in the gateway's store is damaged: " + event.error().message);
  return std::make_shared<const Event>(std::move(*event));
}

Result<EventRef> read_letter_event(Database& database, std::int64_t id) {
  return read_record(database, "SELECT record FROM dead_letter WHERE id=?1", id,
                     "the event of dead letter " + std::to_string(id));
}

Status make_letter_tables(Database& database) { return database.execute(tables); }

Status write_letters(Database& database, const std::vector<Engine::DeadLetter>& dead,
                     WallTime now) {
  if (dead.empty()) return {};
  auto last = last_letter(database);
  if (!last) return tl::unexpected(last.error());
  auto insert = database.prepare(
      "INSERT INTO dead_letter(subscription,number,sequence,time,attempts,reason,answer,record,id) "
      "VALUES(?1,?2,?3,?4,?5,?6,?7,coalesce(?8,(SELECT record FROM event WHERE sequence=?3)),?9)");
  if (!insert) return tl::unexpected(insert.error());
  for (const auto& letter : dead) {
    const auto record = letter.event ? record_of(*letter.event) : std::string();
    insert->bind_text(1, letter.subscription);
    insert->bind(2, static_cast<std::int64_t>(letter.number));
    insert->bind(3, static_cast<std::int64_t>(letter.sequence));
    insert->bind(4, to_micros(now)).bind(5, letter.attempts);
    insert->bind_text(6, letter.reason).bind_text(7, letter.answer);
    if (letter.event) insert->bind_blob(8, record);
    insert->bind(9, ++*last);
    if (auto status = insert->run(); !status) return status;
  }
  auto note = database.prepare("INSERT OR REPLACE INTO letter_last VALUES(1,?1)");
  if (!note) return tl::unexpected(note.error());
  return note->bind(1, *last).run();
}

Status remove_letters(Database& database, const std::vector<std::int64_t>& ids) {
  auto remove = database.prepare("DELETE FROM dead_letter WHERE id=?1");
  if (!remove) return tl::unexpected(remove.error());
  for (const auto id : ids)
    if (auto status = remove->bind(1, id).run(); !status) return status;
  return {};
}

Result<std::int64_t> last_letter(Database& database) {
  auto select = database.prepare("SELECT id FROM letter_last");
  if (!select) return tl::unexpected(select.error());
  const auto row = select->step();
  if (!row) return tl::unexpected(row.error());
  return *row ? select->integer(0) : 0;
}

Status write_work(Database& database, const std::vector<LetterWork>& work) {
  auto insert = database.prepare("INSERT OR REPLACE INTO letter_work VALUES(?1,?2)");
  if (!insert) return tl::unexpected(insert.error());
  auto remove = database.prepare("DELETE FROM letter_work WHERE sequence=?1");
  if (!remove) return tl::unexpected(remove.error());
  for (const auto& each : work) {
    const auto key = static_cast<std::int64_t>(each.outcome.request);
    const auto text = to_text(each);
    const auto status =
        each.answered ? remove->bind(1, key).run() : insert->bind(1, key).bind_text(2, text).run();
    if (!status) return status;
  }
  return {};
}

Result<std::vector<LetterWork>> read_work(Database& database) {
  auto select = database.prepare("SELECT sequence,work FROM letter_work ORDER BY sequence");
  if (!select) return tl::unexpected(select.error());
  std::vector<LetterWork> all;
  for (;;) {
    const auto row = select->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return all;
    auto work = work_of(select->octets(1));
    if (!work) {
      log::error(
          "a request about dead letters cannot be read; it is kept and not acted on",
          {{"request", std::to_string(select->integer(0))}, {"reason", work.error().message}});
      continue;
    }
    work->outcome.request = static_cast<std::uint64_t>(select->integer(0));
    all.push_back(std::move(*work));
  }
}

}  // namespace sense

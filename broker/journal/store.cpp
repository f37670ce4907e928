// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/store.hpp"

#include <algorithm>

#include "core/event/record.hpp"

namespace sense {

namespace {

// Adds what an operator can do about a journal that cannot be opened.
Error with_advice(Error error, const std::string& data) {
  if (error.code == Code::system)
    error.message += "; keep a copy of " + data +
                     ", then save what can be read with `sense journal export`, and import it into "
                     "an empty folder with `sense journal import`";
  if (error.code == Code::badparam)
    error.message +=
        "; nothing was changed: check what that file is, or set another folder with "
        "the key `data`";
  if (error.code == Code::nomoreroom) error.message += "; free space on the disk of " + data;
  return error;
}

Result<std::unique_ptr<Database>> open_database(const std::string& path, ReservedSpace& reserved) {
  auto opened = Database::open(path, Database::Durability::full);
  // Opening needs some space, too, for the index of the WAL.
  if (!opened && opened.error().code == Code::nomoreroom && reserved.release())
    opened = Database::open(path, Database::Durability::full);
  if (!opened) return tl::unexpected(opened.error());
  return std::make_unique<Database>(std::move(*opened));
}

// Subscriptions are many, change often, and have random keys: each revision is appended to the
// table, since in the order of keys every change would write a page of its own.
constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS subscription(revision INTEGER PRIMARY KEY,"
    " key TEXT NOT NULL, value TEXT NOT NULL, lease_end INTEGER, owner TEXT, account TEXT);"
    "CREATE TABLE IF NOT EXISTS registry("
    " kind TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value TEXT NOT NULL,"
    " lease_end INTEGER, owner TEXT, PRIMARY KEY(kind, key)) WITHOUT ROWID;";

// Folders of earlier releases have tables without these columns, and subscriptions among the rest.
Status bring_up_to_date(Database& database) {
  using Column = std::pair<const char*, std::string>;
  for (const auto& [table, column] :
       {Column("registry", "lease_end INTEGER"), Column("registry", "owner TEXT"),
        Column("subscription", "account TEXT")}) {
    const auto name = column.substr(0, column.find(' '));
    if (database.prepare("SELECT " + name + " FROM " + table + " LIMIT 0")) continue;
    const auto add = "ALTER TABLE " + std::string(table) + " ADD COLUMN " + column;
    if (auto added = database.execute(add.c_str()); !added) return added;
  }
  auto old = database.prepare("SELECT 1 FROM registry WHERE kind='subscription' LIMIT 1");
  if (!old) return tl::unexpected(old.error());
  const auto there = old->step();
  if (!there || !*there) return there ? Status() : tl::unexpected(there.error());
  old->reset();
  auto status = database.begin();
  if (status)
    status = database.execute(
        "INSERT INTO subscription SELECT revision,key,value,lease_end,owner,NULL FROM registry"
        " WHERE kind='subscription';"
        "DELETE FROM registry WHERE kind='subscription';");
  if (status) status = database.commit();
  if (!status) database.rollback();
  return status;
}

}  // namespace

Store::Store(FolderLock lock, ReservedSpace reserved, std::unique_ptr<Database> database,
             Journal journal, Statements statements)
    : lock_(std::move(lock)),
      reserved_space_(std::move(reserved)),
      database_(std::move(database)),
      journal_(std::move(journal)),
      sql_(std::move(statements)) {}

Result<Store::Statements> Store::prepare(Database& database) {
  auto save = database.prepare(
      "INSERT OR REPLACE INTO registry(kind,key,revision,value,lease_end,owner)"
      " VALUES(?1,?2,?3,?4,?5,?6)");
  if (!save) return tl::unexpected(save.error());
  auto remove = database.prepare("DELETE FROM registry WHERE kind=?1 AND key=?2");
  if (!remove) return tl::unexpected(remove.error());
  auto save_subscription = database.prepare("INSERT INTO subscription VALUES(?1,?2,?3,?4,?5,?6)");
  if (!save_subscription) return tl::unexpected(save_subscription.error());
  auto remove_subscription = database.prepare("DELETE FROM subscription WHERE revision=?1");
  if (!remove_subscription) return tl::unexpected(remove_subscription.error());
  auto load = database.prepare(
      "SELECT kind,key,revision,value,lease_end,owner,NULL FROM registry UNION ALL"
      " SELECT 'subscription',key,revision,value,lease_end,owner,account FROM subscription");
  if (!load) return tl::unexpected(load.error());
  return Statements{std::move(*save), std::move(*remove), std::move(*save_subscription),
                    std::move(*remove_subscription), std::move(*load)};
}

std::string Store::path_in(const std::string& data) { return data + "/broker.db"; }

bool Store::intact(const JournalGroup& group) {
  return holds_records(group.octets, group.first, group.last);
}

Result<Store> Store::open(const std::string& data) {
  auto lock = FolderLock::take(data, "broker");
  if (!lock) return tl::unexpected(lock.error());
  ReservedSpace reserved(data + "/ballast", reserved_space_octets);
  const auto refused = [&](const Error& error) {
    return tl::unexpected<Error>(with_advice(error, data));
  };
  auto database = open_database(path_in(data), reserved);
  if (!database) return refused(database.error());
  auto journal = Journal::open(**database, intact);
  if (!journal) return refused(journal.error());
  if (const auto range = journal->range(); !range) return refused(range.error());
  if (auto status = (*database)->execute(schema); !status) return refused(status.error());
  if (auto status = bring_up_to_date(**database); !status) return refused(status.error());
  auto statements = prepare(**database);
  if (!statements) return refused(statements.error());
  reserved.hold();
  return Store(std::move(*lock), std::move(reserved), std::move(*database), std::move(*journal),
               std::move(*statements));
}

Result<std::uint64_t> Store::try_trim(const Journal::Retention& retention,
                                      std::uint32_t groups_max) {
  if (auto status = begin(); !status) return tl::unexpected(status.error());
  auto removed = journal_.trim(retention, groups_max);
  if (removed)
    if (auto status = commit(); !status) removed = tl::unexpected(status.error());
  if (!removed) rollback();
  return removed;
}

Result<std::uint64_t> Store::trim(const Journal::Retention& retention, std::uint32_t groups_max) {
  auto removed = try_trim(retention, groups_max);
  const bool trim_failed = !removed && removed.error().code == Code::nomoreroom;
  if (!std::exchange(full_, false) && !trim_failed) {
    if (reserved_space_.hold()) limit_growth(false);
    return removed;
  }
  // The WAL restarts within its present size once all of it is in the main file, which may have to
  // grow for that.
  reserved_space_.release();
  (void)restart_wal();
  if (trim_failed) {
    removed = try_trim(retention, groups_max);
    (void)restart_wal();
  }
  // While the reserved space is incomplete, the file may only use the pages that retention frees in
  // it: then the WAL needs no space beyond the file, and this procedure can be repeated.
  limit_growth(!reserved_space_.take_back());
  return removed;
}

void Store::limit_growth(bool limited) {
  if (std::exchange(limited_, limited) == limited) return;
  // SQLite takes no limit below the present size.
  (void)database_->execute(limited ? "PRAGMA max_page_count=1"
                                   : "PRAGMA max_page_count=1073741823");
}

Status Store::restart_wal() {
  const auto done = database_->restart_wal();
  if (!done) return tl::unexpected(done.error());
  return {};
}

Status Store::save(const RegistryRow& row) {
  const auto& entry = row.entry;
  if (entry.kind == "subscription") return save_subscription(row);
  if (entry.value.empty())
    return sql_.remove.bind_text(1, entry.kind).bind_text(2, entry.key).run();
  return sql_.save.bind_text(1, entry.kind)
      .bind_text(2, entry.key)
      .bind(3, static_cast<std::int64_t>(entry.revision))
      .bind_text(4, entry.value)
      .run();
}

Status Store::save_subscription(const RegistryRow& row) {
  const auto& entry = row.entry;
  if (row.before != 0)
    if (auto status = sql_.remove_subscription.bind(1, static_cast<std::int64_t>(row.before)).run();
        !status)
      return status;
  if (entry.value.empty()) return {};
  sql_.save_subscription.bind(1, static_cast<std::int64_t>(entry.revision))
      .bind_text(2, entry.key)
      .bind_text(3, entry.value);
  if (row.head)
    sql_.save_subscription.bind(4, to_micros(row.head->expires.value_or(wall_time_max)))
        .bind_text(5, row.head->owner);
  if (!row.account.empty()) sql_.save_subscription.bind_text(6, row.account);
  return sql_.save_subscription.run();
}

Status Store::load(const std::function<void(RegistryRow)>& take) {
  for (;;) {
    const auto row = sql_.load.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    RegistryRow read{
        {std::string(sql_.load.octets(0)), std::string(sql_.load.octets(1)),
         static_cast<std::uint64_t>(sql_.load.integer(2)), std::string(sql_.load.octets(3))},
        std::nullopt,
        0,
        std::string(sql_.load.octets(6))};
    if (!sql_.load.null(4) && !sql_.load.null(5)) {
      read.head.emplace().owner = sql_.load.octets(5);
      const auto end = std::clamp(from_micros(sql_.load.integer(4)), WallTime{}, wall_time_max);
      if (end != wall_time_max) read.head->expires = end;
    }
    take(std::move(read));
  }
  sql_.load.reset();
  return {};
}

}  // namespace sense

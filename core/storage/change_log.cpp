// SPDX-License-Identifier: Apache-2.0
// Must precede the headers of SQLite, which declare sessions only with these macros.
#define SQLITE_ENABLE_SESSION 1
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include "core/storage/change_log.hpp"

#include <sqlite3.h>

namespace sense {

namespace {

tl::unexpected<Error> failure(sqlite3* connection, const char* what) {
  const char* file = sqlite3_db_filename(connection, "main");
  return fail(Code::system, "database " + std::string(file ? file : "") + ": " + what + ": " +
                                sqlite3_errmsg(connection));
}

int refuse_conflict(void*, int, sqlite3_changeset_iter*) { return SQLITE_CHANGESET_ABORT; }

}  // namespace

void ChangeLog::Delete::operator()(sqlite3_session* session) const {
  sqlite3session_delete(session);
}

Result<ChangeLog> ChangeLog::start(Database& database, const char* except) {
  ChangeLog log(database, except);
  if (auto status = log.restart(); !status) return tl::unexpected(status.error());
  return log;
}

Status ChangeLog::restart() {
  auto* connection = database_->connection();
  sqlite3_session* session = nullptr;
  session_.reset();
  if (sqlite3session_create(connection, "main", &session) != SQLITE_OK)
    return failure(connection, "changes cannot be recorded");
  session_.reset(session);
  sqlite3session_table_filter(
      session,
      [](void* except, const char* table) {
        return static_cast<int>(std::string_view(table) != static_cast<const char*>(except));
      },
      const_cast<char*>(except_));
  if (sqlite3session_attach(session, nullptr) != SQLITE_OK)
    return failure(connection, "changes cannot be recorded");
  return {};
}

Result<std::string> ChangeLog::take() {
  if (sqlite3session_isempty(session_.get())) return std::string();
  int size = 0;
  void* octets = nullptr;
  if (sqlite3session_patchset(session_.get(), &size, &octets) != SQLITE_OK)
    return failure(database_->connection(), "what has changed cannot be told");
  const std::unique_ptr<void, void (*)(void*)> owned(octets, sqlite3_free);
  std::string changes(static_cast<const char*>(octets), static_cast<std::size_t>(size));
  if (auto status = restart(); !status) return tl::unexpected(status.error());
  return changes;
}

std::size_t ChangeLog::memory() const {
  return static_cast<std::size_t>(sqlite3session_memory_used(session_.get()));
}

Status apply_changes(Database& database, std::string_view changes) {
  auto* connection = database.connection();
  std::string octets(changes);  // SQLite expects them mutable
  const auto result = sqlite3changeset_apply(connection, static_cast<int>(octets.size()),
                                             octets.data(), nullptr, refuse_conflict, nullptr);
  if (result == SQLITE_OK) return {};
  if (result == SQLITE_ABORT || result == SQLITE_CORRUPT || result == SQLITE_SCHEMA)
    return fail(Code::badcontext, "the changes do not match the content of this database");
  return failure(connection, "changes cannot be stored");
}

struct DatabaseCopy::Finish {
  sqlite3_backup* backup = nullptr;
  sqlite3* to = nullptr;
};

void DatabaseCopy::Close::operator()(Finish* finish) const {
  sqlite3_backup_finish(finish->backup);
  delete finish;
}

Result<DatabaseCopy> DatabaseCopy::begin(Database& from, Database& to) {
  auto* backup = sqlite3_backup_init(to.connection(), "main", from.connection(), "main");
  if (backup == nullptr) return failure(to.connection(), "it cannot become a copy");
  DatabaseCopy copy;
  copy.copy_.reset(new Finish{backup, to.connection()});
  return copy;
}

Result<bool> DatabaseCopy::step(int pages) {
  const int result = sqlite3_backup_step(copy_->backup, pages);
  if (result == SQLITE_DONE) return true;
  if (result == SQLITE_OK || result == SQLITE_BUSY || result == SQLITE_LOCKED) return false;
  return failure(copy_->to, "it cannot be copied");
}

}  // namespace sense

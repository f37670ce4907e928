// SPDX-License-Identifier: Apache-2.0
#include "core/storage/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/check.hpp"

namespace sense {

namespace {

constexpr int patience_milliseconds = 5000;

// SQLite reports FULL for ENOSPC; the others are further symptoms of a full disk.
bool no_room(int result, int system_error) {
  switch (result) {
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMMAP: return true;
    case SQLITE_IOERR_WRITE: return system_error == ENOSPC || system_error == EDQUOT;
    default: return (result & 0xff) == SQLITE_FULL;
  }
}

Code code_of(sqlite3* connection, int result) {
  if (no_room(result, connection ? sqlite3_system_errno(connection) : 0)) return Code::nomoreroom;
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Code::timeout;
    case SQLITE_NOTADB: return Code::badparam;
    case SQLITE_NOMEM: return Code::nomemory;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH: return Code::noaccess;
    default: return Code::system;
  }
}

tl::unexpected<Error> failure(sqlite3* connection, int result) {
  const char* file = connection ? sqlite3_db_filename(connection, "main") : nullptr;
  return fail(code_of(connection, result),
              "database " + std::string(file ? file : "") + ": " +
                  (connection ? sqlite3_errmsg(connection) : sqlite3_errstr(result)));
}

// SQLite makes a file that all users may read, and gives its log the mode that the file has. A
// group that the operator lets read a file goes on to do so.
void keep_from_others(const std::string& path) {
  constexpr mode_t others = S_IWGRP | S_IXGRP | S_IRWXO;
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (made >= 0) ::close(made);
  for (const auto* ending : {"", "-wal", "-shm"}) {
    const auto file = path + ending;
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0 || (found.st_mode & others) == 0) continue;
    // Of another user's file it fails, and that user decides.
    (void)::chmod(file.c_str(), found.st_mode & ~others & 07777);
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Statement& Statement::bind(int index, std::int64_t value) {
  SENSE_CHECK(sqlite3_bind_int64(statement_.get(), index, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_text(int index, std::string_view text) {
  SENSE_CHECK(sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "",
                                  text.size(), SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view octets) {
  SENSE_CHECK(sqlite3_bind_blob64(statement_.get(), index, octets.data() ? octets.data() : "",
                                  octets.size(), SQLITE_STATIC) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  auto error = failure(sqlite3_db_handle(statement_.get()), result);
  reset();
  return error;
}

Status Statement::run() {
  for (;;) {
    const auto row = step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

bool Statement::null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::octets(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto length = sqlite3_column_bytes(statement_.get(), column);
  return data ? std::string_view(data, static_cast<std::size_t>(length)) : std::string_view();
}

Result<Database> Database::open(const std::string& path, Durability durability) {
  keep_from_others(path);
  sqlite3* connection = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &connection,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database(connection);
  if (result != SQLITE_OK)
    return fail(
        code_of(connection, result),
        "cannot open " + path + ": " + (connection ? sqlite3_errmsg(connection) : "no memory"));
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, patience_milliseconds);
  // For a new file. A journal's rows are big: pages of 4 KiB cost a sixth of the throughput. The
  // WAL is checkpointed after 4 MiB, which ReservedSpace allows for.
  if (durability == Durability::full)
    if (auto status = database.execute("PRAGMA page_size=16384; PRAGMA wal_autocheckpoint=256");
        !status)
      return tl::unexpected(status.error());
  if (auto status = database.execute("PRAGMA journal_mode=WAL"); !status)
    return tl::unexpected(status.error());
  // Debian's default overwrites deleted content: removing would write as much as adding.
  if (auto status = database.execute("PRAGMA secure_delete=OFF"); !status)
    return tl::unexpected(status.error());
  const char* synchronous =
      durability == Durability::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
  if (auto status = database.execute(synchronous); !status) return tl::unexpected(status.error());
  return database;
}

Result<Database> Database::open_read_only(const std::string& path) {
  sqlite3* connection = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READONLY, nullptr);
  Database database(connection);
  if (result != SQLITE_OK)
    return fail(
        code_of(connection, result),
        "cannot read " + path + ": " + (connection ? sqlite3_errmsg(connection) : "no memory"));
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, patience_milliseconds);
  return database;
}

Result<Database> Database::open_damaged(const std::string& path) {
  auto database = open_read_only(path);
  if (!database) return database;
  // SQLite refuses a file that is shorter than its header states, except with a writable schema.
  if (auto status = database->execute("PRAGMA writable_schema=ON"); !status)
    return tl::unexpected(status.error());
  return database;
}

Status Database::execute(const char* sql) {
  const int result = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return failure(connection_.get(), result);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return failure(connection_.get(), result);
  return Statement(statement);
}

Status Database::commit() {
  auto status = execute("COMMIT");
  // The index of the WAL grows after the transaction is in the WAL, from where it would be
  // recovered after a crash: it must not be reported as refused.
  const auto result = sqlite3_extended_errcode(connection_.get());
  if (!status && (result & 0xff) == SQLITE_IOERR) status.error().code = Code::system;
  return status;
}

void Database::rollback() {
  if (sqlite3_get_autocommit(connection_.get()) == 0)
    sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<bool> Database::restart_wal() {
  auto* connection = connection_.get();
  sqlite3_busy_timeout(connection, 100);
  const int result =
      sqlite3_wal_checkpoint_v2(connection, "main", SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  sqlite3_busy_timeout(connection, patience_milliseconds);
  if ((result & 0xff) == SQLITE_BUSY) return false;
  if (result != SQLITE_OK) return failure(connection, result);
  return true;
}

}  // namespace sense

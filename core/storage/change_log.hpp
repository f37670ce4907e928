// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/storage/database.hpp"

struct sqlite3_session;

namespace sense {

// Records the changes of a database for its replication (SQLite's session extension). Only tables
// with a primary key are recorded. Needs memory for each row changed since the last take(). Same
// thread as its database, which must outlive it.
class ChangeLog {
 public:
  // Records all tables except one, whose name must outlive this.
  [[nodiscard]] static Result<ChangeLog> start(Database& database, const char* except);
  // The changes since start() or the last take(), for apply_changes() on the replica; may be empty.
  // REQUIRES: no transaction is open. After a failure, start anew with a copy of the database.
  [[nodiscard]] Result<std::string> take();
  // In octets.
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Delete {
    void operator()(sqlite3_session* session) const;
  };
  using Session = std::unique_ptr<sqlite3_session, Delete>;
  ChangeLog(Database& database, const char* except) : database_(&database), except_(except) {}
  [[nodiscard]] Status restart();

  Database* database_;
  const char* except_;
  Session session_;
};

// Applies changes to this database. Fails with badcontext, without changing anything, when they do
// not match its content. May be part of a transaction. REQUIRES: the octets are those that take()
// returned; SQLite may not terminate on damaged ones.
[[nodiscard]] Status apply_changes(Database& database, std::string_view changes);

// Replaces the content of `to` by that of `from`, in one transaction: all of it for pages = -1,
// otherwise that many pages with each step, while both may be used (changes of `from` through this
// connection are copied, too). Until it is complete `to` is as it was, also when this is destroyed
// before. Both must outlive it; same thread.
class DatabaseCopy {
 public:
  [[nodiscard]] static Result<DatabaseCopy> begin(Database& from, Database& to);
  // True when the copy is complete; false: call it again.
  [[nodiscard]] Result<bool> step(int pages);

 private:
  struct Finish;
  struct Close {
    void operator()(Finish* finish) const;
  };
  DatabaseCopy() = default;
  std::unique_ptr<Finish, Close> copy_;
};

}  // namespace sense

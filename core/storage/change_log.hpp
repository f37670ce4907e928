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

// Records what changes in a database, so that a copy of it elsewhere can be kept the same (SQLite's
// session extension). Only tables with a primary key are recorded. Costs memory for each row that
// has changed since the last take(). Same thread as its database, which must outlive it.
class ChangeLog {
 public:
  // All tables but one, whose name must live as long as this.
  [[nodiscard]] static Result<ChangeLog> start(Database& database, const char* except);
  // What has changed since start() or the last take(), for apply_changes() in the copy. Empty when
  // nothing has. REQUIRES: no transaction is open.
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

// Makes those changes here too. What does not fit what is here fails with badcontext, and nothing
// is changed. May be part of a transaction. REQUIRES: they are as take() gave them; over damaged
// ones SQLite may never end.
[[nodiscard]] Status apply_changes(Database& database, std::string_view changes);

// Replaces all that is in `to` by what is in `from`, in one transaction; everything at once for
// pages = -1, or some pages with each step, while both may be used (what changes in `from` through
// this connection meanwhile is copied too). Both must outlive it; same thread.
class DatabaseCopy {
 public:
  [[nodiscard]] static Result<DatabaseCopy> begin(Database& from, Database& to);
  // True when it is done.
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

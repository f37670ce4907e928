// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace sense {

// A prepared statement. Belongs to its Database, which must outlive it; same thread.
// Use: bind 1, 2, ..., then step() until it answers false, then reset() before the next use.
class Statement {
 public:
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&&) noexcept = default;

  Statement& bind(int index, std::int64_t value);
  // Not copied: the octets must outlive reset().
  Statement& bind_text(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view octets);
  // True: a row is there. False: done.
  [[nodiscard]] Result<bool> step();
  // Runs to the end and resets.
  [[nodiscard]] Status run();
  void reset();

  [[nodiscard]] bool null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  // A view that is valid until the next step() or reset().
  [[nodiscard]] std::string_view octets(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// One connection to an SQLite file in WAL mode. One thread at a time; blocks. Errors carry code
// nomoreroom when the disk is full, timeout when another program holds the file for five seconds,
// badparam when it is no database, system when the disk failed or the file is damaged.
class Database {
 public:
  // What a commit promises.
  enum class Durability {
    full,   // commit returns once the operating system reports stable storage
    normal  // a power cut may lose the last transactions, but not the file's consistency
  };
  // Creates the file when it is absent, for this user alone; of one that is there it takes the
  // access of others, and the right of its group to write.
  [[nodiscard]] static Result<Database> open(const std::string& path, Durability durability);
  [[nodiscard]] static Result<Database> open_read_only(const std::string& path);
  // Opens a truncated file, too, to save its content: reading fails where it ends.
  [[nodiscard]] static Result<Database> open_damaged(const std::string& path);

  [[nodiscard]] Status execute(const char* sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  [[nodiscard]] Status begin() { return execute("BEGIN IMMEDIATE"); }
  // Fails with nomoreroom or timeout only when no part of the transaction can be recovered.
  [[nodiscard]] Status commit();
  // Undoes what begin() started; harmless when nothing is open.
  void rollback();

  // Moves all committed content from the WAL into the main file, so that the WAL restarts; waits at
  // most 100 ms for readers. False when a reader prevented it.
  [[nodiscard]] Result<bool> restart_wal();

  // For other classes of this folder that use SQLite.
  [[nodiscard]] sqlite3* connection() const { return connection_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  explicit Database(sqlite3* connection) : connection_(connection) {}
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace sense

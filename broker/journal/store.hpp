// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "broker/registry/registry.hpp"
#include "core/storage/database.hpp"
#include "core/storage/folder_lock.hpp"
#include "core/storage/journal.hpp"
#include "core/storage/reserved_space.hpp"

namespace sense {

// The broker's database: journal and registry in one file, so that a change of the registry and the
// event that announces it commit atomically. One thread.
class Store {
 public:
  // The least length of a record.
  static constexpr std::size_t record_octets_min = 16;
  // Disk space reserved for trimming when the disk is full.
  static constexpr std::uint64_t reserved_space_octets = 8 * 1024 * 1024;

  // Opens or creates DATA/broker.db and locks the folder: two brokers on one folder would destroy
  // the journal, so the second is refused. A file that cannot be opened is not changed.
  [[nodiscard]] static Result<Store> open(const std::string& data);

  [[nodiscard]] Journal& journal() { return journal_; }
  [[nodiscard]] Status begin() { return database_->begin(); }
  [[nodiscard]] Status commit() { return database_->commit(); }
  void rollback() {
    database_->rollback();
    journal_.rolled_back();
  }

  // A write found the disk full: the next trim() frees as much space as it can.
  void note_full() { full_ = true; }
  // Runs in its own transaction. On a full disk it releases the reserved space and tries again.
  [[nodiscard]] Result<std::uint64_t> trim(const Journal::Retention& retention,
                                           std::uint32_t groups_max);

  // Moves the content of the WAL into the main file, so that the WAL restarts within its present
  // size. A reader may prevent it, which is no error; try later.
  [[nodiscard]] Status restart_wal();

  // Writes or deletes a row of the registry, in the transaction that is open.
  [[nodiscard]] Status save(const RegistryRow& row);
  // Calls `take` for each row.
  [[nodiscard]] Status load(const std::function<void(RegistryRow)>& take);
  // Deletes all rows.
  [[nodiscard]] Status clear_registry() {
    return database_->execute("DELETE FROM registry; DELETE FROM subscription");
  }

  [[nodiscard]] static std::string path_in(const std::string& data);
  // Whether the octets of a group are its records: the check that Journal::open takes.
  [[nodiscard]] static bool intact(const JournalGroup& group);

 private:
  struct Statements {
    Statement save, remove;                            // of the registry
    Statement save_subscription, remove_subscription;  // by revision
    Statement load;                                    // all
  };
  [[nodiscard]] static Result<Statements> prepare(Database& database);
  Store(FolderLock lock, ReservedSpace reserved, std::unique_ptr<Database> database,
        Journal journal, Statements statements);
  [[nodiscard]] Status save_subscription(const RegistryRow& row);
  [[nodiscard]] Result<std::uint64_t> try_trim(const Journal::Retention& retention,
                                               std::uint32_t groups_max);
  void limit_growth(bool limited);

  FolderLock lock_;
  ReservedSpace reserved_space_;
  bool full_ = false;
  bool limited_ = false;
  std::unique_ptr<Database> database_;
  Journal journal_;
  Statements sql_;
};

}  // namespace sense

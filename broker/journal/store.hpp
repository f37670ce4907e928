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

// The broker's file: journal and registry in one database, so that a change and the event that
// announces it commit as one. One thread.
class Store {
 public:
  // What every record has at least, in octets.
  static constexpr std::size_t record_octets_min = 16;
  // The room that is held for trimming on a full disk.
  static constexpr std::uint64_t reserved_space_octets = 8 * 1024 * 1024;

  // Opens DATA/broker.db, made when it is not there, and takes a lock on it: two brokers on one
  // folder would be a disaster, so the second is refused. What cannot be opened is left as it is.
  [[nodiscard]] static Result<Store> open(const std::string& data);

  [[nodiscard]] Journal& journal() { return journal_; }
  [[nodiscard]] Status begin() { return database_->begin(); }
  [[nodiscard]] Status commit() { return database_->commit(); }
  void rollback() {
    database_->rollback();
    journal_.rolled_back();
  }

  // Something found the disk full: with the next trim, room is made as far as that can be done.
  void note_full() { full_ = true; }
  // A transaction of its own. On a full disk it gives up the reserved and tries again.
  [[nodiscard]] Result<std::uint64_t> trim(const Journal::Retention& retention,
                                           std::uint32_t groups_max);

  // Brings what the WAL holds into the main file, so that it begins anew in the room that it has.
  // Nothing is wrong when a reader was in the way; try later.
  [[nodiscard]] Status restart_wal();

  [[nodiscard]] Status save(const RegistryRow& row);
  [[nodiscard]] Status load(const std::function<void(RegistryRow)>& take);
  [[nodiscard]] Status clear_registry() {
    return database_->execute("DELETE FROM registry; DELETE FROM subscription");
  }

  [[nodiscard]] static std::string path_in(const std::string& data);
  // Whether a group of the journal holds its records: what Journal::open asks.
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

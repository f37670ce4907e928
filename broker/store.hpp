#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "core/bus/bus.hpp"
#include "core/storage/database.hpp"
#include "core/storage/folder_lock.hpp"
#include "core/storage/journal.hpp"

namespace sense {

// The broker's file: journal and registry in one database, so that a change and the event that
// announces it commit as one. One thread.
class Store {
 public:
  // Opens DATA/broker.db, made when it is not there, and takes a lock on it: two brokers on one
  // folder would be a disaster, so the second is refused.
  [[nodiscard]] static Result<Store> open(const std::string& data);

  [[nodiscard]] Journal& journal() { return journal_; }
  [[nodiscard]] Status begin() { return database_->begin(); }
  [[nodiscard]] Status commit() { return database_->commit(); }
  void rollback() {
    database_->rollback();
    journal_.rolled_back();
  }

  // An empty value deletes.
  [[nodiscard]] Status save(const RegistryEntry& row);
  [[nodiscard]] Status load(const std::function<void(RegistryEntry)>& take);

  [[nodiscard]] static std::string path_in(const std::string& data);

 private:
  Store(FolderLock lock, std::unique_ptr<Database> database, Journal journal, Statement save,
        Statement remove, Statement load);

  FolderLock lock_;
  std::unique_ptr<Database> database_;
  Journal journal_;
  Statement save_;
  Statement remove_;
  Statement load_;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/storage/change_log.hpp"
#include "core/storage/database.hpp"
#include "core/storage/folder_lock.hpp"
#include "gateways/host/engine/engine.hpp"
#include "gateways/host/store/dead_letter_table.hpp"
#include "gateways/host/store/event_cache.hpp"

namespace sense {

// What a gateway must still know after kill -9: how far it has read the journal, its subscriptions,
// what waits, and its dead letters. One SQLite file, written as one transaction for each
// checkpoint. A power cut may take the last checkpoints; the journal then repeats what they held.
// One thread.
class HostStore {
 public:
  // Opens DATA/gateway.db, made when it is not there. A second process on it is refused.
  [[nodiscard]] static Result<HostStore> open(const std::string& data);

  // The position of the last checkpoint; nothing when there was none.
  [[nodiscard]] Result<std::optional<std::uint64_t>> position();
  // Puts the last checkpoint back into the engine. Answers how many deliveries wait.
  [[nodiscard]] Result<std::size_t> restore(Engine& engine, Timestamp now);

  // What has become of dead letters since the last checkpoint.
  struct LetterChanges {
    std::vector<std::int64_t> removed;  // they are deliveries again, or purged
    std::vector<LetterWork> work;       // how far requests are
  };
  [[nodiscard]] Status save(std::uint64_t position, const Engine::Checkpoint& checkpoint,
                            const std::vector<Engine::DeadLetter>& dead, Timestamp now,
                            const LetterChanges& letters = {});
  // A stored event; notfound when it is not there.
  [[nodiscard]] Result<EventRef> load_event(std::uint64_t sequence);
  // Removes events that no delivery waits for any more.
  [[nodiscard]] Status collect_garbage();

  // ---- copies on other machines (gateways/host/failover/replication.hpp)

  // How far this store is the copy of a leader's: up to part `part` of stream `stream`, which was
  // event `sequence`.
  struct Mark {
    std::uint64_t token = 0;
    std::string stream;
    std::uint64_t part = 0;
    std::uint64_t sequence = 0;
  };
  // Nothing: it is its own.
  [[nodiscard]] Result<std::optional<Mark>> mark();
  [[nodiscard]] Result<ChangeLog> record_changes();
  // Begins to copy all of it into a new file.
  [[nodiscard]] Result<DatabaseCopy> copy_to(Database& file);
  // Replaces all of it by what is in that file. Fails with badcontext when the file is no store.
  [[nodiscard]] Status take_copy(const std::string& path, const Mark& mark);
  [[nodiscard]] Status take_changes(std::string_view changes, const Mark& mark);

  // ---- dead letters

  [[nodiscard]] Result<LetterPage> letters(const LetterQuery& query) {
    return read_letters(*database_, query);
  }
  [[nodiscard]] Result<EventRef> load_letter(std::int64_t id) {
    return read_letter_event(*database_, id);
  }
  // The highest id that a letter was ever given.
  [[nodiscard]] Result<std::int64_t> last_letter() { return sense::last_letter(*database_); }
  // Requests that are not done with.
  [[nodiscard]] Result<std::vector<LetterWork>> letter_work() { return read_work(*database_); }

 private:
  HostStore(FolderLock lock, std::unique_ptr<Database> database)
      : lock_(std::move(lock)), database_(std::move(database)) {}
  // Also adds what a store of an earlier version has not.
  [[nodiscard]] static Status make_tables(Database& database);
  [[nodiscard]] Status write(std::uint64_t position, const Engine::Checkpoint& checkpoint,
                             const std::vector<Engine::DeadLetter>& dead, Timestamp now);
  [[nodiscard]] Status write_lanes(const Engine::Checkpoint& checkpoint);
  [[nodiscard]] Status write_items(const Engine::Checkpoint& checkpoint);
  [[nodiscard]] Status restore_lanes(Engine& engine);

  FolderLock lock_;
  std::unique_ptr<Database> database_;
  EventShelf shelf_;
};

}  // namespace sense

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/storage/change_log.hpp"
#include "core/storage/database.hpp"
#include "core/storage/folder_lock.hpp"
#include "gateways/host/engine.hpp"

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
  [[nodiscard]] Result<std::size_t> restore(Engine& engine, Now now);

  // `redriven`: dead letters that are deliveries again and leave with this checkpoint.
  [[nodiscard]] Status save(std::uint64_t position, const Engine::Checkpoint& checkpoint,
                            const std::vector<Engine::DeadLetter>& dead, Now now,
                            const std::vector<std::int64_t>& redriven = {});
  // A stored event; notfound when it is not there.
  [[nodiscard]] Result<EventRef> load_event(std::uint64_t sequence);
  // Removes events that no delivery waits for any more.
  [[nodiscard]] Status collect_garbage();

  // ---- copies on other machines (gateways/host/replication.hpp)

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

  struct Letter {
    std::int64_t id = 0;  // ascends as they come
    WallTime time;
    Engine::DeadLetter letter;  // without its event
  };
  struct LetterQuery {
    std::string subscription;  // empty: of all
    WallTime since;
    std::int64_t after = 0;  // id
    std::uint32_t limit = 1000;
  };
  [[nodiscard]] Result<std::vector<Letter>> letters(const LetterQuery& query);
  [[nodiscard]] Result<EventRef> load_letter(std::int64_t id);
  // Removes what the query selects, whatever its limit. Answers how many that were.
  [[nodiscard]] Result<std::uint64_t> purge_letters(const LetterQuery& query);

 private:
  HostStore(FolderLock lock, std::unique_ptr<Database> database)
      : lock_(std::move(lock)), database_(std::move(database)) {}
  // Also adds what a store of an earlier version has not.
  [[nodiscard]] static Status make_tables(Database& database);
  [[nodiscard]] Status write(std::uint64_t position, const Engine::Checkpoint& checkpoint,
                             const std::vector<Engine::DeadLetter>& dead, Now now);
  [[nodiscard]] Status write_lanes(const Engine::Checkpoint& checkpoint);
  [[nodiscard]] Status write_items(const Engine::Checkpoint& checkpoint);
  [[nodiscard]] Status write_dead(const std::vector<Engine::DeadLetter>& dead, Now now);
  [[nodiscard]] Status remove_letters(const std::vector<std::int64_t>& ids);
  [[nodiscard]] Status restore_lanes(Engine& engine);
  [[nodiscard]] Result<EventRef> load_record(const char* sql, std::int64_t key,
                                             const std::string& name);

  FolderLock lock_;
  std::unique_ptr<Database> database_;
};

}  // namespace sense

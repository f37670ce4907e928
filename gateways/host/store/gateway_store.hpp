// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/storage/change_log.hpp"
#include "core/storage/database.hpp"
#include "core/storage/folder_lock.hpp"
#include "gateways/api/feeds.hpp"
#include "gateways/host/engine/engine.hpp"
#include "gateways/host/store/dead_letter_table.hpp"
#include "gateways/host/store/event_cache.hpp"

namespace sense {

// What a gateway must still have after kill -9: its position in the journal, its subscriptions,
// pending deliveries and dead letters. One SQLite file, one transaction per checkpoint. A power cut
// may lose the last checkpoints; the journal then repeats what they held. Synced is what it does
// not repeat alike: where a gateway began, what windows hold, which numbers dead letters got when
// they were redriven, and a copy of another store. One thread.
class GatewayStore {
 public:
  // Opens DATA/gateway.db, which is made when it does not exist. Fails when another process has it
  // open.
  [[nodiscard]] static Result<GatewayStore> open(const std::string& data);

  // The position of the last checkpoint; nullopt when there is none.
  [[nodiscard]] Result<std::optional<std::uint64_t>> position();
  // Restores the last checkpoint into the engine. Returns the number of pending deliveries.
  [[nodiscard]] Result<std::size_t> restore(Engine& engine, Timestamp now);
  // Stores a checkpoint in one transaction; a failure leaves the one before.
  [[nodiscard]] Status save(std::uint64_t position, const Engine::Checkpoint& checkpoint,
                            const std::vector<Engine::DeadLetter>& dead_letters, Timestamp now,
                            const DeadLetterChanges& changes = {});
  // A stored event; fails with notfound when it is not there.
  [[nodiscard]] Result<EventRef> load_event(std::uint64_t sequence);
  // Removes events that no pending delivery needs.
  [[nodiscard]] Status collect_garbage();

  // ---- feeds

  // What the client of a subscription that is asked for has acknowledged; absent: nothing yet.
  [[nodiscard]] Result<std::optional<FeedPosition>> acknowledged(const std::string& subscription);
  // A power cut may lose it: then it is handed out again, with the same numbers.
  [[nodiscard]] Status acknowledge(const std::string& subscription, FeedPosition position);
  [[nodiscard]] Status forget_acknowledged(const std::string& subscription);

  // ---- replication to standbys (gateways/host/failover/replication.hpp)

  // The replication position: this store is a copy of a leader's up to part `part` of stream
  // `stream`, which was event `sequence`.
  struct ReplicationPosition {
    std::uint64_t token = 0;
    std::string stream;
    std::uint64_t part = 0;
    std::uint64_t sequence = 0;
  };
  // nullopt: it is not a copy.
  [[nodiscard]] Result<std::optional<ReplicationPosition>> replication_position();
  // The changes from now on, but for the replication position. The store must outlive them.
  [[nodiscard]] Result<ChangeLog> record_changes();
  // Begins to copy the whole store into a new file.
  [[nodiscard]] Result<DatabaseCopy> copy_to(Database& file);
  // Replaces the contents by those of that file. Fails with badcontext when the file is no store.
  [[nodiscard]] Status install_copy(const std::string& path, const ReplicationPosition& position);
  // One set of changes, and the position that it leads to; a failure changes neither.
  [[nodiscard]] Status apply_replicated_changes(std::string_view changes,
                                                const ReplicationPosition& position);

  // ---- dead letters

  [[nodiscard]] Result<DeadLetterPage> dead_letters(const DeadLetterQuery& query) {
    return read_dead_letters(*database_, query);
  }
  [[nodiscard]] Result<EventRef> load_dead_letter(std::int64_t id) {
    return read_dead_letter_event(*database_, id);
  }
  // The highest id ever assigned.
  [[nodiscard]] Result<std::int64_t> last_dead_letter() {
    return sense::last_dead_letter(*database_);
  }
  // Requests that are not finished.
  [[nodiscard]] Result<std::vector<RedriveJob>> redrive_jobs() {
    return read_redrive_jobs(*database_);
  }

 private:
  GatewayStore(FolderLock lock, std::unique_ptr<Database> database)
      : lock_(std::move(lock)), database_(std::move(database)) {}
  // Also migrates a store of an earlier version.
  [[nodiscard]] static Status make_tables(Database& database);
  [[nodiscard]] Status write(std::uint64_t position, const Engine::Checkpoint& checkpoint,
                             const std::vector<Engine::DeadLetter>& dead_letters, Timestamp now);
  [[nodiscard]] Status write_queues(const Engine::Checkpoint& checkpoint);
  [[nodiscard]] Status write_deliveries(const Engine::Checkpoint& checkpoint);
  [[nodiscard]] Status restore_queues(Engine& engine);
  // Whether the next commits return once they are on the disk, with all before.
  [[nodiscard]] Status set_synced(bool synced);

  FolderLock lock_;
  std::unique_ptr<Database> database_;
  EventCache cache_;
};

}  // namespace sense

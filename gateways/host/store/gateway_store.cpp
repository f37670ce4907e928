// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/gateway_store.hpp"

#include <algorithm>
#include <array>

#include "core/base/log.hpp"

namespace sense {

namespace {

constexpr const char* gateway_schema =
    "CREATE TABLE IF NOT EXISTS position(id INTEGER PRIMARY KEY CHECK(id=1),"
    " sequence INTEGER NOT NULL);"
    // With its rowid: ordered by random ids, each new row would write a page of its own.
    "CREATE TABLE IF NOT EXISTS lane(id TEXT PRIMARY KEY NOT NULL, subscription TEXT NOT NULL,"
    " next_number INTEGER NOT NULL, ending INTEGER NOT NULL, windows INTEGER NOT NULL DEFAULT 0,"
    " suspension INTEGER NOT NULL DEFAULT 0);"
    // The next number alone, where it is newer than the one in `lane`: small rows, which change
    // often.
    "CREATE TABLE IF NOT EXISTS number(id TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS item(lane TEXT NOT NULL, key INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, number INTEGER NOT NULL, number_last INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, attempts INTEGER NOT NULL, due INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, reason TEXT NOT NULL, grouped INTEGER NOT NULL DEFAULT 0,"
    " collected INTEGER NOT NULL DEFAULT 0, octets INTEGER NOT NULL DEFAULT 0,"
    " not_before INTEGER NOT NULL DEFAULT 0, first INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(lane, key)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS item_sequence ON item(sequence);"
    "CREATE TABLE IF NOT EXISTS acknowledged(id TEXT PRIMARY KEY, number INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS event(sequence INTEGER PRIMARY KEY, record BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS mark(id INTEGER PRIMARY KEY CHECK(id=1), token INTEGER NOT NULL,"
    " stream TEXT NOT NULL, part INTEGER NOT NULL, sequence INTEGER NOT NULL);";

// The columns that a store of an earlier version lacks.
constexpr std::array<std::string_view, 7> columns_added = {
    "lane ADD COLUMN windows INTEGER NOT NULL DEFAULT 0",
    "lane ADD COLUMN suspension INTEGER NOT NULL DEFAULT 0",
    "item ADD COLUMN grouped INTEGER NOT NULL DEFAULT 0",
    "item ADD COLUMN collected INTEGER NOT NULL DEFAULT 0",
    "item ADD COLUMN octets INTEGER NOT NULL DEFAULT 0",
    "item ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0",
    "item ADD COLUMN first INTEGER NOT NULL DEFAULT 0",
};

// Of a repeat the journal does not say it.
bool is_choice(const Engine::Checkpoint& checkpoint, const DeadLetterChanges& changes) {
  return !changes.removed.empty() || !changes.jobs.empty() ||
         std::any_of(checkpoint.deliveries.begin(), checkpoint.deliveries.end(),
                     [](const auto& entry) { return entry.second.window != 0; });
}

}  // namespace

Status GatewayStore::make_tables(Database& database) {
  if (auto status = database.execute(gateway_schema); !status) return status;
  if (auto status = make_dead_letter_tables(database); !status) return status;
  if (database.prepare("SELECT windows FROM lane")) return {};
  if (auto status = database.begin(); !status) return status;
  for (const auto column : columns_added)
    if (auto status = database.execute(("ALTER TABLE " + std::string(column)).c_str()); !status)
      return status;
  return database.commit();
}

Result<GatewayStore> GatewayStore::open(const std::string& data) {
  auto lock = FolderLock::take(data, "gateway");
  if (!lock) return tl::unexpected(lock.error());
  auto opened = Database::open(data + "/gateway.db", Database::Durability::normal);
  if (!opened) return tl::unexpected(opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  if (auto status = make_tables(*database); !status) return tl::unexpected(status.error());
  // Rows that change often should stay in memory: the default cache is 2 MiB.
  if (auto status = database->execute("PRAGMA cache_size=-16384"); !status)
    return tl::unexpected(status.error());
  return GatewayStore(std::move(*lock), std::move(database));
}

Result<std::optional<std::uint64_t>> GatewayStore::position() {
  auto select = database_->prepare("SELECT sequence FROM position");
  if (!select) return tl::unexpected(select.error());
  const auto row = select->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return std::nullopt;
  return static_cast<std::uint64_t>(select->integer(0));
}

Status GatewayStore::restore_queues(Engine& engine) {
  auto queues = database_->prepare(
      "SELECT lane.id,subscription,COALESCE(next,next_number),ending,windows,suspension"
      " FROM lane LEFT JOIN number ON number.id=lane.id");
  if (!queues) return tl::unexpected(queues.error());
  for (;;) {
    const auto row = queues->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    auto subscription = subscription_from_json(queues->octets(1));
    if (!subscription) {
      log::error(
          "a stored subscription cannot be read; it is kept and not served",
          {{"id", std::string(queues->octets(0))}, {"reason", subscription.error().message}});
      continue;
    }
    engine.restore({std::make_shared<const Subscription>(std::move(*subscription)),
                    static_cast<std::uint64_t>(queues->integer(2)), queues->integer(3) != 0,
                    static_cast<std::uint64_t>(queues->integer(4)),
                    static_cast<SubscriptionQueue::Suspension>(queues->integer(5))});
  }
}

Result<std::size_t> GatewayStore::restore(Engine& engine, Timestamp now) {
  if (auto status = restore_queues(engine); !status) return tl::unexpected(status.error());
  auto deliveries = database_->prepare(
      "SELECT lane,key,kind,number,number_last,sequence,attempts,due,expires,reason,grouped,"
      "collected,octets,not_before,first FROM item");
  if (!deliveries) return tl::unexpected(deliveries.error());
  std::size_t count = 0;
  for (;;) {
    const auto row = deliveries->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    const auto number = [&](int column) {
      return static_cast<std::uint64_t>(deliveries->integer(column));
    };
    Engine::SavedDelivery saved;
    saved.subscription = deliveries->octets(0);
    saved.kind = static_cast<Delivery::Kind>(deliveries->integer(2));
    saved.number = number(3);
    saved.number_last = number(4);
    saved.sequence = number(5);
    saved.attempts = static_cast<std::uint32_t>(deliveries->integer(6));
    saved.due = from_micros(deliveries->integer(7));
    if (deliveries->integer(8) != 0) saved.expires = from_micros(deliveries->integer(8));
    saved.reason = deliveries->octets(9);
    saved.group = number(10);
    saved.window = number(11);
    saved.octets = static_cast<std::uint32_t>(deliveries->integer(12));
    saved.not_before = from_micros(deliveries->integer(13));
    saved.first = from_micros(deliveries->integer(14));
    engine.restore(number(1), std::move(saved), now);
    ++count;
  }
  return count;
}

Status GatewayStore::set_synced(bool synced) {
  return database_->execute(synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
}

Status GatewayStore::save(std::uint64_t position, const Engine::Checkpoint& checkpoint,
                          const std::vector<Engine::DeadLetter>& dead_letters, Timestamp now,
                          const DeadLetterChanges& changes) {
  const auto before = this->position();
  if (!before) return tl::unexpected(before.error());
  if (auto status = set_synced(!*before || is_choice(checkpoint, changes)); !status) return status;
  if (auto status = database_->begin(); !status) return status;
  auto status = write(position, checkpoint, dead_letters, now);
  if (status) status = remove_dead_letters(*database_, changes.removed);
  if (status) status = write_redrive_jobs(*database_, changes.jobs);
  if (status) status = write_expired(*database_, changes.expired, now.wall);
  if (status) status = database_->commit();
  if (!status) database_->rollback();
  return status;
}

Status GatewayStore::write(std::uint64_t position, const Engine::Checkpoint& checkpoint,
                           const std::vector<Engine::DeadLetter>& dead_letters, Timestamp now) {
  // Dead letters first: they may need an event that the removals release.
  if (auto status = write_dead_letters(*database_, dead_letters, now.wall); !status) return status;
  if (auto status = write_queues(checkpoint); !status) return status;
  if (auto status = write_deliveries(checkpoint); !status) return status;
  auto insert = database_->prepare("INSERT OR REPLACE INTO position VALUES(1,?1)");
  if (!insert) return tl::unexpected(insert.error());
  return insert->bind(1, static_cast<std::int64_t>(position)).run();
}

Status GatewayStore::write_queues(const Engine::Checkpoint& checkpoint) {
  auto remove = database_->prepare("DELETE FROM lane WHERE id=?1");
  if (!remove) return tl::unexpected(remove.error());
  auto forget = database_->prepare("DELETE FROM number WHERE id=?1");
  if (!forget) return tl::unexpected(forget.error());
  for (const auto& id : checkpoint.queues_removed) {
    if (auto status = remove->bind_text(1, id).run(); !status) return status;
    if (auto status = forget->bind_text(1, id).run(); !status) return status;
  }
  auto insert = database_->prepare(
      "INSERT INTO lane VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(id) DO UPDATE SET"
      " subscription=?2,next_number=?3,ending=?4,windows=?5,suspension=?6");
  if (!insert) return tl::unexpected(insert.error());
  auto update = database_->prepare("INSERT OR REPLACE INTO number VALUES(?1,?2)");
  if (!update) return tl::unexpected(update.error());
  for (const auto& queue : checkpoint.queues) {
    if (queue.only_number) {
      update->bind_text(1, queue.subscription->id);
      update->bind(2, static_cast<std::int64_t>(queue.next_number));
      if (auto status = update->run(); !status) return status;
      continue;
    }
    const auto json = to_json(*queue.subscription, true);
    insert->bind_text(1, queue.subscription->id).bind_text(2, json);
    insert->bind(3, static_cast<std::int64_t>(queue.next_number)).bind(4, queue.ending ? 1 : 0);
    insert->bind(5, static_cast<std::int64_t>(queue.windows));
    insert->bind(6, static_cast<int>(queue.suspension));
    if (auto status = insert->run(); !status) return status;
    if (auto status = forget->bind_text(1, queue.subscription->id).run(); !status) return status;
  }
  return {};
}

Status GatewayStore::write_deliveries(const Engine::Checkpoint& checkpoint) {
  auto remove = database_->prepare("DELETE FROM item WHERE lane=?1 AND key=?2");
  if (!remove) return tl::unexpected(remove.error());
  for (const auto& [queue, key] : checkpoint.deliveries_removed) {
    remove->bind_text(1, queue).bind(2, static_cast<std::int64_t>(key));
    if (auto status = remove->run(); !status) return status;
  }
  auto insert = database_->prepare(
      "INSERT OR REPLACE INTO item VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)");
  if (!insert) return tl::unexpected(insert.error());
  auto event = database_->prepare("INSERT OR IGNORE INTO event VALUES(?1,?2)");
  if (!event) return tl::unexpected(event.error());
  for (const auto& [key, saved] : checkpoint.deliveries) {
    const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    insert->bind_text(1, saved.subscription).bind(2, number(key));
    insert->bind(3, static_cast<int>(saved.kind)).bind(4, number(saved.number));
    insert->bind(5, number(saved.number_last)).bind(6, number(saved.sequence));
    insert->bind(7, saved.attempts).bind(8, to_micros(saved.due));
    insert->bind(9, saved.expires ? to_micros(*saved.expires) : 0).bind_text(10, saved.reason);
    insert->bind(11, number(saved.group)).bind(12, number(saved.window)).bind(13, saved.octets);
    insert->bind(14, to_micros(saved.not_before)).bind(15, to_micros(saved.first));
    if (auto status = insert->run(); !status) return status;
    if (!saved.event) continue;
    const auto record = record_of(*saved.event);
    event->bind(1, number(saved.sequence)).bind_blob(2, record);
    if (auto status = event->run(); !status) return status;
  }
  return {};
}

Result<EventRef> GatewayStore::load_event(std::uint64_t sequence) {
  return cache_.load(*database_, sequence);
}

Status GatewayStore::collect_garbage() {
  return database_->execute(
      "DELETE FROM event WHERE NOT EXISTS"
      "(SELECT 1 FROM item WHERE item.sequence = event.sequence)");
}

}  // namespace sense

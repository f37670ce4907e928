#include "broker/store.hpp"

namespace sense {

namespace {
constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS registry("
    " kind TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY(kind, key)) WITHOUT ROWID";
}

Store::Store(FolderLock lock, std::unique_ptr<Database> database, Journal journal, Statement save,
             Statement remove, Statement load)
    : lock_(std::move(lock)),
      database_(std::move(database)),
      journal_(std::move(journal)),
      save_(std::move(save)),
      remove_(std::move(remove)),
      load_(std::move(load)) {}

std::string Store::path_in(const std::string& data) { return data + "/broker.db"; }

Result<Store> Store::open(const std::string& data) {
  auto lock = FolderLock::take(data, "broker");
  if (!lock) return tl::unexpected(lock.error());
  auto opened = Database::open(path_in(data), Database::Durability::full);
  if (!opened) return tl::unexpected(opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  if (auto status = database->execute(schema); !status) return tl::unexpected(status.error());
  auto journal = Journal::open(*database);
  if (!journal) return tl::unexpected(journal.error());
  auto save = database->prepare("INSERT OR REPLACE INTO registry VALUES(?1,?2,?3,?4)");
  if (!save) return tl::unexpected(save.error());
  auto remove = database->prepare("DELETE FROM registry WHERE kind=?1 AND key=?2");
  if (!remove) return tl::unexpected(remove.error());
  auto load = database->prepare("SELECT kind,key,revision,value FROM registry");
  if (!load) return tl::unexpected(load.error());
  return Store(std::move(*lock), std::move(database), std::move(*journal), std::move(*save),
               std::move(*remove), std::move(*load));
}

Status Store::save(const RegistryEntry& row) {
  if (row.value.empty()) return remove_.bind_text(1, row.kind).bind_text(2, row.key).run();
  return save_.bind_text(1, row.kind)
      .bind_text(2, row.key)
      .bind(3, static_cast<std::int64_t>(row.revision))
      .bind_text(4, row.value)
      .run();
}

Status Store::load(const std::function<void(RegistryEntry)>& take) {
  for (;;) {
    const auto row = load_.step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    take({std::string(load_.octets(0)), std::string(load_.octets(1)),
          static_cast<std::uint64_t>(load_.integer(2)), std::string(load_.octets(3))});
  }
  load_.reset();
  return {};
}

}  // namespace sense

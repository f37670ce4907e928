// SPDX-License-Identifier: Apache-2.0
// Replication: a store that is a copy of another gateway's.
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

namespace {

Status write_replication_position(Database& database,
                                  const GatewayStore::ReplicationPosition& position) {
  auto insert = database.prepare("INSERT OR REPLACE INTO mark VALUES(1,?1,?2,?3,?4)");
  if (!insert) return tl::unexpected(insert.error());
  insert->bind(1, static_cast<std::int64_t>(position.token)).bind_text(2, position.stream);
  insert->bind(3, static_cast<std::int64_t>(position.part));
  insert->bind(4, static_cast<std::int64_t>(position.sequence));
  return insert->run();
}

}  // namespace

Result<std::optional<GatewayStore::ReplicationPosition>> GatewayStore::replication_position() {
  auto select = database_->prepare("SELECT token,stream,part,sequence FROM mark");
  if (!select) return tl::unexpected(select.error());
  const auto row = select->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return std::nullopt;
  const auto number = [&](int column) {
    return static_cast<std::uint64_t>(select->integer(column));
  };
  return ReplicationPosition{number(0), std::string(select->octets(1)), number(2), number(3)};
}

Result<ChangeLog> GatewayStore::record_changes() {
  return ChangeLog::start(*database_, "mark");  // not replicated: each store has its own
}

Result<DatabaseCopy> GatewayStore::copy_to(Database& file) {
  return DatabaseCopy::begin(*database_, file);
}

Status GatewayStore::install_copy(const std::string& path, const ReplicationPosition& position) {
  cache_.clear();
  auto file = Database::open(path, Database::Durability::normal);
  if (!file) return tl::unexpected(file.error());
  if (!file->prepare("SELECT next_number FROM lane"))
    return fail(Code::badcontext, path + " is no copy of a gateway's store");
  if (auto status = make_tables(*file); !status) return status;
  if (auto status = write_replication_position(*file, position); !status) return status;
  auto copy = DatabaseCopy::begin(*file, *database_);
  if (!copy) return tl::unexpected(copy.error());
  if (auto status = set_synced(true); !status) return status;
  const auto done = copy->step(-1);
  if (!done) return tl::unexpected(done.error());
  return *done ? Status() : fail(Code::timeout, "another program holds the gateway's store");
}

Status GatewayStore::apply_replicated_changes(std::string_view changes,
                                              const ReplicationPosition& position) {
  cache_.clear();
  if (auto status = set_synced(true); !status) return status;
  if (auto status = database_->begin(); !status) return status;
  auto status = changes.empty() ? Status() : apply_changes(*database_, changes);
  if (status) status = write_replication_position(*database_, position);
  if (status) status = database_->commit();
  if (!status) database_->rollback();
  return status;
}

}  // namespace sense

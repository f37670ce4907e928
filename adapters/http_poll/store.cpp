// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/store.hpp"

#include <algorithm>

namespace sense::http_poll {

namespace {

constexpr std::int64_t version = 1;

Result<std::int64_t> version_of(Database& database) {
  auto asked = database.prepare("PRAGMA user_version");
  if (!asked) return tl::unexpected(asked.error());
  if (auto row = asked->step(); !row) return tl::unexpected(row.error());
  return asked->integer(0);
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& folder, const std::string& owner,
                                           const std::vector<std::string>& keys) {
  auto lock = FolderLock::take(folder, owner);
  if (!lock) return tl::unexpected(lock.error());
  auto database = Database::open(folder + "/http-poll.db", Database::Durability::normal);
  if (!database) return tl::unexpected(database.error());
  std::unique_ptr<Store> store(new Store(std::move(*lock), std::move(*database)));
  if (auto good = store->prepare(); !good) return tl::unexpected(good.error());
  if (auto good = store->forget_others(keys); !good) return tl::unexpected(good.error());
  return store;
}

Status Store::prepare() {
  const auto found = version_of(database_);
  if (!found) return tl::unexpected(found.error());
  if (*found == version) return {};
  if (*found != 0)
    return fail(Code::badparam, "http-poll.db was written by another version of SENSE (" +
                                    std::to_string(*found) +
                                    "): remove it, and each resource is published anew");
  return database_.execute(
      "BEGIN IMMEDIATE;"
      "CREATE TABLE resources (key TEXT PRIMARY KEY, sequence INTEGER NOT NULL,"
      " change INTEGER NOT NULL, digest TEXT NOT NULL, acknowledged INTEGER NOT NULL,"
      " time INTEGER NOT NULL, etag TEXT NOT NULL, last_modified TEXT NOT NULL) WITHOUT ROWID;"
      "PRAGMA user_version = 1;"
      "COMMIT");
}

Status Store::forget_others(const std::vector<std::string>& keys) {
  std::vector<std::string> others;
  auto listed = database_.prepare("SELECT key FROM resources");
  if (!listed) return tl::unexpected(listed.error());
  for (;;) {
    const auto row = listed->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    std::string key(listed->octets(0));
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) others.push_back(std::move(key));
  }
  auto removed = database_.prepare("DELETE FROM resources WHERE key = ?");
  if (!removed) return tl::unexpected(removed.error());
  for (const auto& key : others)
    if (auto good = removed->bind_text(1, key).run(); !good) return good;
  return {};
}

Result<Known> Store::load(const std::string& key) {
  auto found = database_.prepare(
      "SELECT sequence, change, digest, acknowledged, time, etag, last_modified"
      " FROM resources WHERE key = ?");
  if (!found) return tl::unexpected(found.error());
  found->bind_text(1, key);
  const auto row = found->step();
  if (!row) return tl::unexpected(row.error());
  Known known;
  if (!*row) return known;
  known.sequence = static_cast<std::uint64_t>(found->integer(0));
  known.change = static_cast<Change>(std::clamp<std::int64_t>(found->integer(1), 0, 2));
  known.digest = found->octets(2);
  known.acknowledged = found->integer(3) != 0;
  known.time = from_micros(found->integer(4));
  known.etag = found->octets(5);
  known.last_modified = found->octets(6);
  return known;
}

Status Store::save(const std::string& key, const Known& known) {
  auto stored = database_.prepare(
      "INSERT OR REPLACE INTO resources"
      " (key, sequence, change, digest, acknowledged, time, etag, last_modified)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!stored) return tl::unexpected(stored.error());
  return stored->bind_text(1, key)
      .bind(2, static_cast<std::int64_t>(known.sequence))
      .bind(3, static_cast<std::int64_t>(known.change))
      .bind_text(4, known.digest)
      .bind(5, known.acknowledged ? 1 : 0)
      .bind(6, to_micros(known.time))
      .bind_text(7, known.etag)
      .bind_text(8, known.last_modified)
      .run();
}

}  // namespace sense::http_poll

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/verified_callbacks.hpp"

#include "core/base/log.hpp"

namespace sense {

namespace {

constexpr const char* callbacks_schema =
    "CREATE TABLE IF NOT EXISTS callback(uri TEXT NOT NULL, owner TEXT NOT NULL,"
    " agreed INTEGER NOT NULL, PRIMARY KEY(uri, owner)) WITHOUT ROWID";

void log_callbacks_error(const Error& error) {
  log::warn("verified callbacks cannot be stored: they are verified again",
            {{"reason", error.message}});
}

}  // namespace

Result<VerifiedCallbacks> VerifiedCallbacks::open(const std::string& data, Duration span,
                                                  WallTime now) {
  auto opened = Database::open(data + "/callbacks.db", Database::Durability::normal);
  if (!opened) return tl::unexpected(opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  if (auto status = database->execute(callbacks_schema); !status)
    return tl::unexpected(status.error());
  VerifiedCallbacks verified_callbacks(std::move(database), span);
  if (auto status = verified_callbacks.remove_expired(now); !status)
    return tl::unexpected(status.error());
  const auto count = verified_callbacks.count();
  if (!count) return tl::unexpected(count.error());
  verified_callbacks.count_ = *count;
  return verified_callbacks;
}

Result<std::size_t> VerifiedCallbacks::count() {
  auto select = database_->prepare("SELECT count(*) FROM callback");
  if (!select) return tl::unexpected(select.error());
  const auto row = select->step();
  if (!row) return tl::unexpected(row.error());
  return static_cast<std::size_t>(select->integer(0));
}

Status VerifiedCallbacks::remove_expired(WallTime now) {
  auto remove = database_->prepare("DELETE FROM callback WHERE agreed<=?1");
  if (!remove) return tl::unexpected(remove.error());
  return remove->bind(1, to_micros(now - span_)).run();
}

Result<bool> VerifiedCallbacks::lookup(const std::string& owner, const std::string& callback,
                                       WallTime now) {
  auto select =
      database_->prepare("SELECT 1 FROM callback WHERE uri=?1 AND owner=?2 AND agreed>?3");
  if (!select) return tl::unexpected(select.error());
  select->bind_text(1, callback).bind_text(2, owner).bind(3, to_micros(now - span_));
  return select->step();
}

// An address is no proof of who uses it.
bool VerifiedCallbacks::keeps(const std::string& owner) const {
  const bool unproved =
      owner == "anonymous" || owner == "plaintext" || owner.find("://") != owner.npos;
  return span_ != Duration{0} && !unproved && !owner.empty();
}

bool VerifiedCallbacks::contains(const std::string& owner, const std::string& callback,
                                 WallTime now) {
  if (!keeps(owner)) return false;
  const auto known = lookup(owner, callback, now);
  if (!known) log_callbacks_error(known.error());
  return known && *known;
}

Status VerifiedCallbacks::insert(const std::string& owner, const std::string& callback,
                                 WallTime now) {
  auto insert = database_->prepare("INSERT OR REPLACE INTO callback VALUES(?1,?2,?3)");
  if (!insert) return tl::unexpected(insert.error());
  return insert->bind_text(1, callback).bind_text(2, owner).bind(3, to_micros(now)).run();
}

void VerifiedCallbacks::add(const std::string& owner, const std::string& callback, WallTime now) {
  if (!keeps(owner) || contains(owner, callback, now)) return;
  if (count_ >= callbacks_max) {
    if (auto status = remove_expired(now); !status) return log_callbacks_error(status.error());
    const auto left = count();
    if (!left || *left >= callbacks_max) return;
    count_ = *left;
  }
  if (auto status = insert(owner, callback, now); !status)
    return log_callbacks_error(status.error());
  ++count_;
}

void VerifiedCallbacks::remove(const std::string& callback) {
  auto remove = database_->prepare("DELETE FROM callback WHERE uri=?1");
  auto status =
      remove ? remove->bind_text(1, callback).run() : Status(tl::unexpected(remove.error()));
  if (!status) log_callbacks_error(status.error());
}

void VerifiedCallbacks::remove(const std::string& owner, const std::string& callback) {
  auto remove = database_->prepare("DELETE FROM callback WHERE uri=?1 AND owner=?2");
  auto status = remove ? remove->bind_text(1, callback).bind_text(2, owner).run()
                       : Status(tl::unexpected(remove.error()));
  if (!status) log_callbacks_error(status.error());
}

}  // namespace sense

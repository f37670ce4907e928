// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

Result<std::optional<FeedPosition>> GatewayStore::acknowledged(const std::string& subscription) {
  auto select = database_->prepare("SELECT number,sequence FROM acknowledged WHERE id=?");
  if (!select) return tl::unexpected(select.error());
  select->bind_text(1, subscription);
  const auto row = select->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return std::nullopt;
  return FeedPosition{static_cast<std::uint64_t>(select->integer(0)),
                      static_cast<std::uint64_t>(select->integer(1))};
}

Status GatewayStore::acknowledge(const std::string& subscription, FeedPosition position) {
  auto insert = database_->prepare("INSERT OR REPLACE INTO acknowledged VALUES(?,?,?)");
  if (!insert) return tl::unexpected(insert.error());
  insert->bind_text(1, subscription);
  insert->bind(2, static_cast<std::int64_t>(position.number));
  insert->bind(3, static_cast<std::int64_t>(position.sequence));
  const auto done = insert->step();
  return done ? Status() : tl::unexpected(done.error());
}

Status GatewayStore::forget_acknowledged(const std::string& subscription) {
  auto remove = database_->prepare("DELETE FROM acknowledged WHERE id=?");
  if (!remove) return tl::unexpected(remove.error());
  remove->bind_text(1, subscription);
  const auto done = remove->step();
  return done ? Status() : tl::unexpected(done.error());
}

}  // namespace sense

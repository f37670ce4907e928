// The dead letters of a gateway: looked at, taken back, thrown away.
#include "gateways/host/host_store.hpp"

namespace sense {

namespace {

// ?1 subscription, ?2 since, ?3 after
constexpr const char* selected = " WHERE (?1='' OR subscription=?1) AND time>=?2 AND id>?3";

void bind(Statement& statement, const HostStore::LetterQuery& query) {
  statement.bind_text(1, query.subscription).bind(2, to_micros(query.since)).bind(3, query.after);
}

}  // namespace

Result<std::vector<HostStore::Letter>> HostStore::letters(const LetterQuery& query) {
  auto select = database_->prepare(
      "SELECT id,time,subscription,number,sequence,attempts,reason,answer FROM dead_letter" +
      std::string(selected) + " ORDER BY id LIMIT ?4");
  if (!select) return tl::unexpected(select.error());
  bind(*select, query);
  select->bind(4, query.limit);
  std::vector<Letter> found;
  for (;;) {
    const auto row = select->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return found;
    Engine::DeadLetter letter;
    letter.subscription = select->octets(2);
    letter.number = static_cast<std::uint64_t>(select->integer(3));
    letter.sequence = static_cast<std::uint64_t>(select->integer(4));
    letter.attempts = static_cast<std::uint32_t>(select->integer(5));
    letter.reason = select->octets(6);
    letter.answer = select->octets(7);
    found.push_back({select->integer(0), from_micros(select->integer(1)), std::move(letter)});
  }
}

Result<EventRef> HostStore::load_letter(std::int64_t id) {
  return load_record("SELECT record FROM dead_letter WHERE id=?1", id,
                     "dead letter " + std::to_string(id));
}

Result<std::uint64_t> HostStore::purge_letters(const LetterQuery& query) {
  auto remove =
      database_->prepare("DELETE FROM dead_letter" + std::string(selected) + " RETURNING id");
  if (!remove) return tl::unexpected(remove.error());
  bind(*remove, query);
  for (std::uint64_t count = 0;; ++count) {
    const auto row = remove->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return count;
  }
}

Status HostStore::remove_letters(const std::vector<std::int64_t>& ids) {
  auto remove = database_->prepare("DELETE FROM dead_letter WHERE id=?1");
  if (!remove) return tl::unexpected(remove.error());
  for (const auto id : ids)
    if (auto status = remove->bind(1, id).run(); !status) return status;
  return {};
}

}  // namespace sense

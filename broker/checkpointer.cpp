#include "broker/checkpointer.hpp"

#include <filesystem>

#include "broker/store.hpp"

namespace sense {

Result<Checkpointer> Checkpointer::open(const std::string& data, Limits limits) {
  const auto path = Store::path_in(data);
  auto database = Database::open(path, Database::Durability::full);
  if (!database) return tl::unexpected(database.error());
  return Checkpointer(std::move(*database), path + "-wal", limits);
}

Result<Checkpointer::Outcome> Checkpointer::run_once() {
  std::error_code code;
  const auto length = std::filesystem::file_size(wal_, code);
  if (code || length < limits_.begin_octets) return Outcome{code ? 0 : length, false, false};
  const auto done = database_.checkpoint(Database::Checkpoint::passive);
  if (!done) return tl::unexpected(done.error());
  return Outcome{done->octets, done->complete, done->octets > limits_.restart_octets};
}

}  // namespace sense

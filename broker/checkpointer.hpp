#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/storage/database.hpp"

namespace sense {

// Brings what was committed from the WAL into the main file, on a connection of its own, so that no
// commit pays for it (Store::leave_checkpoints). One thread; the Store must be open before.
class Checkpointer {
 public:
  struct Limits {
    std::uint64_t begin_octets = 4 * 1024 * 1024;      // below that nothing is done
    std::uint64_t restart_octets = 256 * 1024 * 1024;  // above that the commit thread must help
  };
  [[nodiscard]] static Result<Checkpointer> open(const std::string& data, Limits limits);

  struct Outcome {
    std::uint64_t octets = 0;     // in the WAL
    bool complete = false;        // all of it is in the main file: the next commit begins it anew
    bool restart_wanted = false;  // it does not end by itself: call Store::restart_wal()
  };
  // Never waits for readers or writers. Call it about once a second. On a full disk it fails with
  // nomoreroom and has harmed nothing.
  [[nodiscard]] Result<Outcome> run_once();

 private:
  Checkpointer(Database database, std::string wal, Limits limits)
      : database_(std::move(database)), wal_(std::move(wal)), limits_(limits) {}

  Database database_;
  std::string wal_;
  Limits limits_;
};

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "gateways/host/engine/engine.hpp"
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

// Writes the engine's checkpoints to the store. A checkpoint that could not be stored is tried
// again unchanged before a newer one is taken, so that the store misses no step. Reactor thread;
// store, engine, counters and clock must outlive it, and `replicate` may not call back after its
// end.
class CheckpointWriter {
 public:
  // Called for each stored checkpoint; calls `done` when the standbys can have it.
  using Replicate = std::function<void(bool only_position, std::function<void()> done)>;
  CheckpointWriter(GatewayStore& store, Engine& engine, Counters& counters, const Clock& clock,
                   Replicate replicate)
      : store_(store),
        engine_(engine),
        counters_(counters),
        clock_(clock),
        replicate_(std::move(replicate)) {}

  // Stored with the next checkpoint, together with the removal of the delivery.
  void add_dead_letter(Engine::DeadLetter dead_letter);
  // The event expired before it was delivered: listed with the next checkpoint, likewise.
  void add_expired(Engine::DeadLetter expired);
  // The dead letter was redriven or purged: removed with the next checkpoint, which has the new
  // delivery.
  void remove_dead_letter(std::int64_t id) { changes_.removed.push_back(id); }
  // The progress of a request about dead letters, stored with the next checkpoint.
  void note_job(RedriveJob job) { changes_.jobs.push_back(std::move(job)); }
  // True when all additions, removals and jobs above are stored.
  [[nodiscard]] bool dead_letters_stored() const {
    return !unsaved_ && dead_letters_.empty() && changes_.removed.empty() && changes_.jobs.empty();
  }
  // Everything up to `position` has been passed to the engine. Stores a lagged checkpoint where
  // that is allowed: the state as of the previous call (Engine::AsOf). Does nothing while the last
  // checkpoint is being replicated.
  void save(std::uint64_t position, Timestamp now) { save(position, now, true); }
  // Stores the current state, so that the engine can release its events.
  void save_now(std::uint64_t position, Timestamp now) { save(position, now, false); }
  // For the end: stores what could not be stored before, and what is new.
  void save_all(std::uint64_t position, Timestamp now);

 private:
  struct Unsaved {
    std::uint64_t position = 0;
    Engine::Checkpoint delta;
    std::vector<Engine::DeadLetter> dead_letters;
    DeadLetterChanges changes;
    [[nodiscard]] bool only_position() const;
  };
  void save(std::uint64_t position, Timestamp now, bool allow_lagged);
  [[nodiscard]] bool take_checkpoint(std::uint64_t position, Timestamp now, bool allow_lagged);
  void collect_garbage(Timestamp now);

  GatewayStore& store_;
  Engine& engine_;
  Counters& counters_;
  const Clock& clock_;
  Replicate replicate_;
  std::uint64_t replication_ = 0;  // number of the last run
  std::uint64_t replicating_ = 0;  // the run under way; 0: none
  std::optional<Unsaved> unsaved_;
  std::vector<Engine::DeadLetter> dead_letters_;
  DeadLetterChanges changes_;
  std::optional<std::uint64_t> saved_position_;
  std::optional<std::uint64_t> previous_position_;  // at the last checkpoint
  MonoTime garbage_collected_{};
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense

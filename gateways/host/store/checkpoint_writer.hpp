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

// Stores how far the engine has come. A checkpoint that could not be stored is tried again as it
// is, before anything newer, so that the store never misses a step. Reactor thread; store, engine
// and counters must outlive it.
class Progress {
 public:
  // Told of each checkpoint that is stored; calls `done` when those who need a copy can have it.
  using Copy = std::function<void(bool only_position, std::function<void()> done)>;
  Progress(HostStore& store, Engine& engine, Counters& counters, const Clock& clock, Copy copy)
      : store_(store),
        engine_(engine),
        counters_(counters),
        clock_(clock),
        copy_(std::move(copy)) {}

  // Kept with the next checkpoint, together with the removal of what it was.
  void bury(Engine::DeadLetter letter);
  // The letter is a delivery again, or purged: it leaves with the next checkpoint, which has that
  // delivery.
  void exhume(std::int64_t letter) { letters_.removed.push_back(letter); }
  // How far a request about dead letters is, as of the next checkpoint.
  void note(LetterWork work) { letters_.work.push_back(std::move(work)); }
  // Whether all that was buried, exhumed and noted is stored.
  [[nodiscard]] bool letters_stored() const {
    return !unsaved_ && dead_.empty() && letters_.removed.empty() && letters_.work.empty();
  }
  // Everything up to `position` has been handed to the engine. What comes to be stored is, where
  // that suffices, how things stood at the call before: see Engine::AsOf.
  // Nothing happens while the last checkpoint is being copied.
  void save(std::uint64_t position, Timestamp now) { save(position, now, true); }
  // Stores all, so that the engine need not hold it.
  void save_now(std::uint64_t position, Timestamp now) { save(position, now, false); }
  // At the end: what could not be stored before, and what is new.
  void save_all(std::uint64_t position, Timestamp now);

 private:
  struct Unsaved {
    std::uint64_t position = 0;
    Engine::Checkpoint delta;
    std::vector<Engine::DeadLetter> dead;
    HostStore::LetterChanges letters;
    [[nodiscard]] bool only_position() const;
  };
  void save(std::uint64_t position, Timestamp now, bool allow_lagged);
  [[nodiscard]] bool collect(std::uint64_t position, Timestamp now, bool allow_lagged);
  void collect_garbage(Timestamp now);

  HostStore& store_;
  Engine& engine_;
  Counters& counters_;
  const Clock& clock_;
  Copy copy_;
  std::uint64_t round_ = 0;
  std::uint64_t copying_ = 0;  // the round whose copies are waited for; 0: none
  std::optional<Unsaved> unsaved_;
  std::vector<Engine::DeadLetter> dead_;
  HostStore::LetterChanges letters_;
  std::optional<std::uint64_t> saved_position_;
  std::optional<std::uint64_t> position_before_;  // when the last checkpoint was taken
  MonoTime collected_{};
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
};

}  // namespace sense

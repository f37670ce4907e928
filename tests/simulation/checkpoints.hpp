// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/broker.hpp"
#include "tests/simulation/store.hpp"

namespace sense::simulation {

// What the host has done and not stored yet, and its way into the store. A checkpoint that could
// not be stored is stored as it is, later; what comes meanwhile waits for the next one.
class Checkpoints {
 public:
  struct Settled {  // a number that is never to be attempted again, unless the host crashes first
    std::set<std::uint64_t>* among = nullptr;
    std::uint64_t number = 0;
    std::uint64_t sequence = 0;  // of its event; 0: it has none
  };
  struct Redriven {
    std::uint64_t number = 0;  // 1, 2, ...
    std::uint64_t dead_letter = 0;
    std::string subscription;
    std::uint64_t sequence = 0;
  };

  Checkpoints(Context& context, Broker& broker, Store& store)
      : context_(context), broker_(broker), store_(store) {}

  // There is something to store.
  void mark_changed() { changed_ = true; }
  void add_settled(Settled settled);
  void add_dead_letter(Engine::DeadLetter dead_letter);
  void add_redriven(Redriven redriven);
  // That dead letter was redriven, and the store has it still.
  [[nodiscard]] bool is_redriven(std::uint64_t dead_letter) const {
    return redriving_.contains(dead_letter);
  }

  // When the next is to be stored; nothing has changed: none.
  [[nodiscard]] std::optional<MonoTime> due() const;
  // Collects one, unless the one before has still to be stored: then false.
  bool collect(Engine& engine, std::uint64_t position);
  // False: it describes the state at the checkpoint before. REQUIRES: there is one.
  [[nodiscard]] bool is_whole() const { return unsaved_->whole; }
  void store();
  // What the last collected one had is all there is.
  void mark_unchanged() { changed_ = false; }
  // What is not stored is forgotten, and may be repeated.
  void crash();

 private:
  struct Unsaved {
    std::uint64_t position = 0;
    Engine::Checkpoint delta;
    std::vector<Engine::DeadLetter> dead_letters;
    std::vector<Settled> settled;
    std::vector<Redriven> redriven;
    bool whole = true;
  };
  void keep(const Engine::DeadLetter& dead_letter);

  Context& context_;
  Broker& broker_;
  Store& store_;
  std::optional<Unsaved> unsaved_;
  std::vector<Engine::DeadLetter> dead_letters_;
  std::vector<Settled> settled_;
  std::vector<Redriven> redriven_;       // in no checkpoint yet
  std::set<std::uint64_t> redriving_;    // their dead letters, and those of `unsaved_`
  std::optional<std::uint64_t> before_;  // position at the last one since the start
  MonoTime collected_{};
  bool changed_ = false;
};

}  // namespace sense::simulation

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "tests/simulation/attempt_checks.hpp"
#include "tests/simulation/checkpoints.hpp"

namespace sense::simulation {

// The part of gateways/host, with one engine and crashes where they hurt: it follows the journal,
// performs what the engine asks for, checkpoints, crashes and restarts.
class Host {
 public:
  Host(Context& context, Broker& broker, Store& store, Checkpoints& checkpoints,
       std::uint64_t seed);

  // Null while it is down.
  [[nodiscard]] Engine* engine() { return engine_.get(); }
  // Of the last entry of the journal that it applied.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::optional<MonoTime> timer() const;
  [[nodiscard]] std::optional<MonoTime> checkpoint_due() const;

  // The journal has more: reads on soon.
  void wake(Duration longest);
  void on_timer();
  void checkpoint();
  // Performs what the engine wants done.
  void perform();
  // To be called behind each thing that happens.
  void crash_if_due();
  [[nodiscard]] bool maybe_crash(std::uint64_t chances);
  void crash();

 private:
  void follow();
  void apply(const Broker::Entry& entry);
  void suspend(const Engine::Suspension& suspension);
  void give_up(Engine::DeadLetter dead_letter);
  [[nodiscard]] bool load(Engine::Deliver& deliver);
  void attempt(Engine::Deliver& deliver);
  void on_result(std::uint64_t attempt_id, const Delivery& delivery, const Attempt& answer);
  void settle(Ledger& ledger, const Delivery& delivery);
  void restart();

  Context& context_;
  Random& random_;
  Broker& broker_;
  Store& store_;
  Checkpoints& checkpoints_;
  AttemptChecks checks_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t position_ = 0;
  bool follow_planned_ = false;
  bool crash_now_ = false;
};

}  // namespace sense::simulation

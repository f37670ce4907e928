// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/checkpoints.hpp"

namespace sense::simulation {

namespace {

constexpr Duration interval = std::chrono::milliseconds{500};

template <class Value>
void append(std::vector<Value>& to, const std::vector<Value>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void Checkpoints::add_settled(Settled settled) {
  if (settled.among->insert(settled.number).second) settled_.push_back(settled);
}

void Checkpoints::add_dead_letter(Engine::DeadLetter dead_letter) {
  dead_letters_.push_back(std::move(dead_letter));
}

void Checkpoints::add_redriven(Redriven redriven) {
  redriving_.insert(redriven.dead_letter);
  redriven_.push_back(std::move(redriven));
  changed_ = true;
}

std::optional<MonoTime> Checkpoints::due() const {
  if (!changed_) return std::nullopt;
  return collected_ + interval;
}

// As the host does: a lagged checkpoint where that is allowed, with exceptions at random.
bool Checkpoints::collect(Engine& engine, std::uint64_t position) {
  const auto now = context_.agenda.now();
  collected_ = now.mono;
  if (unsaved_) return false;
  const bool lagged = before_ && engine.allow_lagged() && dead_letters_.empty() &&
                      redriven_.empty() && !one_in(context_.random, 10);
  auto& next = unsaved_.emplace();
  next.position = lagged ? *before_ : position;
  next.delta = engine.take_checkpoint(now, lagged ? Engine::AsOf::lagged : Engine::AsOf::now);
  next.dead_letters = std::exchange(dead_letters_, {});
  next.redriven = std::exchange(redriven_, {});
  next.whole = !lagged;
  context_.totals.lagged_checkpoints += lagged ? 1 : 0;
  // Later events are replayed after a crash.
  std::vector<Settled> later;
  for (const auto& settled : std::exchange(settled_, {}))
    (settled.sequence > next.position ? later : next.settled).push_back(settled);
  settled_ = std::move(later);
  before_ = position;
  return true;
}

void Checkpoints::store() {
  const auto unsaved = std::exchange(unsaved_, std::nullopt);
  for (const auto& dead_letter : unsaved->dead_letters) keep(dead_letter);
  for (const auto& redriven : unsaved->redriven) {
    store_.dead_letters.erase(redriven.dead_letter);
    redriving_.erase(redriven.dead_letter);
  }
  store_.apply(unsaved->delta);
  store_.position = unsaved->position;
  if (one_in(context_.random, 100)) store_.collect_garbage();
  ++context_.totals.checkpoints;
}

void Checkpoints::keep(const Engine::DeadLetter& dead_letter) {
  ++context_.totals.dead_letters;
  const auto event =
      dead_letter.event ? dead_letter.event : store_.find_event(dead_letter.sequence);
  if (!event)
    return context_.broken(dead_letter.subscription + ": the event of a dead letter is nowhere");
  store_.dead_letters[++store_.last_dead_letter] = {dead_letter.subscription, event};
}

void Checkpoints::crash() {
  if (unsaved_) {
    append(settled_, unsaved_->settled);
    append(redriven_, unsaved_->redriven);
  }
  for (const auto& settled : std::exchange(settled_, {})) settled.among->erase(settled.number);
  for (const auto& lost : std::exchange(redriven_, {})) {
    broker_.ledgers().at(lost.subscription).undo_redrive(lost.sequence, lost.number);
    ++context_.totals.redrives_lost;
  }
  redriving_.clear();
  dead_letters_.clear();
  unsaved_.reset();
  before_.reset();
}

}  // namespace sense::simulation

// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/checkpoint_writer.hpp"

#include <utility>

namespace sense {

namespace {
constexpr auto garbage_interval = std::chrono::seconds{10};
}

void CheckpointWriter::add_dead_letter(Engine::DeadLetter dead_letter) {
  ++counters_["gateway.dead-letters"];
  log::warn("a delivery was given up; the event is a dead letter",
            {{"subscription", dead_letter.subscription},
             {"number", std::to_string(dead_letter.number)},
             {"sequence", std::to_string(dead_letter.sequence)},
             {"attempts", std::to_string(dead_letter.attempts)},
             {"reason", dead_letter.reason},
             {"answer", dead_letter.answer}});
  dead_letters_.push_back(std::move(dead_letter));
}

// Not logged one by one: that events expire may be what was asked for.
void CheckpointWriter::add_expired(Engine::DeadLetter expired) {
  ++counters_["gateway.expired"];
  changes_.expired.push_back(std::move(expired));
}

bool CheckpointWriter::Unsaved::only_position() const {
  return delta.queues.empty() && delta.queues_removed.empty() && delta.deliveries.empty() &&
         delta.deliveries_removed.empty() && dead_letters.empty() && changes.removed.empty() &&
         changes.jobs.empty() && changes.expired.empty();
}

// False when there is nothing to store.
bool CheckpointWriter::take_checkpoint(std::uint64_t position, Timestamp now, bool allow_lagged) {
  if (unsaved_) return true;
  allow_lagged &= previous_position_ && engine_.allow_lagged() && dead_letters_stored() &&
                  changes_.expired.empty();
  const auto as_of = allow_lagged ? Engine::AsOf::lagged : Engine::AsOf::now;
  Unsaved next{allow_lagged ? *previous_position_ : position, engine_.take_checkpoint(now, as_of),
               std::exchange(dead_letters_, {}), std::exchange(changes_, {})};
  previous_position_ = position;
  if (next.only_position() && next.position == saved_position_) return false;
  unsaved_ = std::move(next);
  return true;
}

void CheckpointWriter::save(std::uint64_t position, Timestamp now, bool allow_lagged) {
  if (replicating_ != 0 || !take_checkpoint(position, now, allow_lagged)) return;
  if (auto status = store_.save(unsaved_->position, unsaved_->delta, unsaved_->dead_letters, now,
                                unsaved_->changes);
      !status) {
    ++counters_["gateway.checkpoints.failed"];
    if (log_limit_.check("checkpoint", now.mono).allowed)
      log::error(
          "a checkpoint cannot be stored and is tried again; until then a crash repeats more",
          {{"reason", status.error().message}});
    return;
  }
  saved_position_ = unsaved_->position;
  const bool only_position = unsaved_->only_position();
  unsaved_.reset();
  collect_garbage(now);
  // A digest may be attempted only once no other gateway could close its window differently.
  replicating_ = ++replication_;
  replicate_(only_position, [this, run = replication_] {
    if (replicating_ != run) return;
    replicating_ = 0;
    engine_.stored(clock_.now());
  });
}

void CheckpointWriter::save_all(std::uint64_t position, Timestamp now) {
  replicating_ = 0;
  if (unsaved_) save_now(position, now);
  replicating_ = 0;
  if (!unsaved_) save_now(position, now);
}

void CheckpointWriter::collect_garbage(Timestamp now) {
  if (now.mono - garbage_collected_ < garbage_interval) return;
  garbage_collected_ = now.mono;
  if (auto status = store_.collect_garbage(); !status)
    log::warn("unused events cannot be removed from the gateway's store",
              {{"reason", status.error().message}});
}

}  // namespace sense

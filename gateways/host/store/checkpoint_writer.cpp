// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/checkpoint_writer.hpp"

#include <utility>

namespace sense {

namespace {
constexpr auto garbage_interval = std::chrono::seconds{10};
}

void Progress::bury(Engine::DeadLetter letter) {
  ++counters_["gateway.dead-letters"];
  log::warn("a delivery was given up; the event is a dead letter",
            {{"subscription", letter.subscription},
             {"number", std::to_string(letter.number)},
             {"sequence", std::to_string(letter.sequence)},
             {"attempts", std::to_string(letter.attempts)},
             {"reason", letter.reason},
             {"answer", letter.answer}});
  dead_.push_back(std::move(letter));
}

bool Progress::Unsaved::only_position() const {
  return delta.queues.empty() && delta.queues_removed.empty() && delta.deliveries.empty() &&
         delta.deliveries_removed.empty() && dead.empty() && letters.removed.empty() &&
         letters.work.empty();
}

// False when there is nothing to store.
bool Progress::collect(std::uint64_t position, Timestamp now, bool allow_lagged) {
  if (unsaved_) return true;
  allow_lagged &= position_before_ && engine_.allow_lagged() && letters_stored();
  const auto as_of = allow_lagged ? Engine::AsOf::lagged : Engine::AsOf::now;
  Unsaved next{allow_lagged ? *position_before_ : position, engine_.take_checkpoint(now, as_of),
               std::exchange(dead_, {}), std::exchange(letters_, {})};
  position_before_ = position;
  if (next.only_position() && next.position == saved_position_) return false;
  unsaved_ = std::move(next);
  return true;
}

void Progress::save(std::uint64_t position, Timestamp now, bool allow_lagged) {
  if (copying_ != 0 || !collect(position, now, allow_lagged)) return;
  if (auto status =
          store_.save(unsaved_->position, unsaved_->delta, unsaved_->dead, now, unsaved_->letters);
      !status) {
    ++counters_["gateway.checkpoints.failed"];
    if (log_limit_.check("checkpoint", now.mono).allowed)
      log::error("progress cannot be stored; after a crash more is repeated",
                 {{"reason", status.error().message}});
    return;
  }
  saved_position_ = unsaved_->position;
  const bool only_position = unsaved_->only_position();
  unsaved_.reset();
  collect_garbage(now);
  // A digest may be attempted only when no other gateway would close its window otherwise.
  copying_ = ++round_;
  copy_(only_position, [this, round = round_] {
    if (copying_ != round) return;
    copying_ = 0;
    engine_.stored(clock_.now());
  });
}

void Progress::save_all(std::uint64_t position, Timestamp now) {
  copying_ = 0;
  if (unsaved_) save_now(position, now);
  copying_ = 0;
  if (!unsaved_) save_now(position, now);
}

void Progress::collect_garbage(Timestamp now) {
  if (now.mono - collected_ < garbage_interval) return;
  collected_ = now.mono;
  if (auto status = store_.collect_garbage(); !status)
    log::warn("the gateway's store cannot be tidied", {{"reason", status.error().message}});
}

}  // namespace sense

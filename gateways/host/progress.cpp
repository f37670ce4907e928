#include "gateways/host/progress.hpp"

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

// False when there is nothing to store.
bool Progress::collect(std::uint64_t position, Now now) {
  if (unsaved_) return true;
  Unsaved next{position, engine_.take_checkpoint(now), std::exchange(dead_, {}),
               std::exchange(letters_, {})};
  const auto& delta = next.delta;
  if (delta.lanes.empty() && delta.lanes_removed.empty() && delta.items.empty() &&
      delta.items_removed.empty() && next.dead.empty() && next.letters.removed.empty() &&
      next.letters.work.empty() && position == saved_position_)
    return false;
  unsaved_ = std::move(next);
  return true;
}

void Progress::save(std::uint64_t position, Now now) {
  if (!collect(position, now)) return;
  if (auto status =
          store_.save(unsaved_->position, unsaved_->delta, unsaved_->dead, now, unsaved_->letters);
      !status) {
    ++counters_["gateway.checkpoints.failed"];
    if (complaints_.ask("checkpoint", now.mono).say)
      log::error("progress cannot be stored; after a crash more is repeated",
                 {{"reason", status.error().message}});
    return;
  }
  saved_position_ = unsaved_->position;
  unsaved_.reset();
  engine_.stored(now);
  collect_garbage(now);
}

void Progress::save_all(std::uint64_t position, Now now) {
  if (unsaved_) save(position, now);
  if (!unsaved_) save(position, now);
}

void Progress::collect_garbage(Now now) {
  if (now.mono - collected_ < garbage_interval) return;
  collected_ = now.mono;
  if (auto status = store_.collect_garbage(); !status)
    log::warn("the gateway's store cannot be tidied", {{"reason", status.error().message}});
}

}  // namespace sense

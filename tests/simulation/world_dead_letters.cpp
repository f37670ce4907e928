// SPDX-License-Identifier: Apache-2.0
// Redriving dead letters.
#include "tests/simulation/world.hpp"

namespace sense::simulation {

void World::keep_dead_letter(const Engine::DeadLetter& dead_letter) {
  auto event = dead_letter.event;
  if (const auto stored = store_.events.find(dead_letter.sequence);
      !event && stored != store_.events.end())
    event = stored->second;
  if (!event) return broken(dead_letter.subscription + ": the event of a dead letter is nowhere");
  store_.dead_letters[++store_.last_dead_letter] = {dead_letter.subscription, event};
}

void World::redrive_something() {
  if (!engine_ || store_.dead_letters.empty()) return;
  auto dead_letter = store_.dead_letters.lower_bound(1 + pick(random_, store_.last_dead_letter));
  for (std::uint64_t count = 1 + pick(random_, 20); count > 0; --count) {
    if (dead_letter == store_.dead_letters.end()) break;
    redrive((dead_letter++)->first);
    if (maybe_crash(100)) return crash();
  }
  perform();
  if (maybe_crash(20)) crash();  // where a number that is not stored would be assigned twice
}

void World::redrive_everything() {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, dead_letter] : store_.dead_letters) ids.push_back(id);
  for (const auto id : ids) redrive(id);
  perform();
}

void World::redrive(std::uint64_t id) {
  const auto dead_letter = store_.dead_letters.at(id);
  if (!redriving_.insert(id).second) return;
  auto& ledger = ledgers_.at(dead_letter.subscription);
  const auto now = clock_.now();
  const auto sequence = dead_letter.event->sequence;
  const auto status = engine_->redrive(dead_letter.subscription, dead_letter.event, now);
  if (status) {
    ledger.redrive(sequence, ++redrives_, position_, now.wall);
    redriven_.push_back({redrives_, id, dead_letter.subscription, sequence});
    changed_ = true;
    return;
  }
  redriving_.erase(id);
  const auto name = dead_letter.subscription + " event " + dead_letter.event->id;
  const auto& expires = ledger.published.at(sequence).expires;
  switch (status.error().code) {
    case Code::badparam:
      if (!expires || *expires > now.wall) broken(name + ": not redriven though it is worth it");
      break;
    case Code::notfound:
      if (ledger.end_sequence == 0 && !ledger.gone_heard &&
          ledger.state_known != SubscriptionState::pending)
        broken(name + ": not redriven though it is served");
      break;
    case Code::nomoreroom:
      if (engine_->waiting_for(dead_letter.subscription) < defaults_.backlog_max / 2)
        broken(name + ": not redriven though there is room");
      break;
    default: broken(name + ": " + status.error().message);
  }
}

}  // namespace sense::simulation

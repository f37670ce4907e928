// SPDX-License-Identifier: Apache-2.0
// Dead letters, which somebody has delivered after all.
#include "tests/simulation/world.hpp"

namespace sense::simulation {

void World::keep_letter(const Engine::DeadLetter& letter) {
  auto event = letter.event;
  if (const auto stored = store_.events.find(letter.sequence);
      !event && stored != store_.events.end())
    event = stored->second;
  if (!event) return broken(letter.subscription + ": the event of a dead letter is nowhere");
  store_.letters[++store_.last_letter] = {letter.subscription, event};
}

void World::redrive_something() {
  if (!engine_ || store_.letters.empty()) return;
  auto letter = store_.letters.lower_bound(1 + pick(random_, store_.last_letter));
  for (std::uint64_t count = 1 + pick(random_, 20); count > 0; --count) {
    if (letter == store_.letters.end()) break;
    redrive((letter++)->first);
    if (maybe_crash(100)) return crash();
  }
  perform();
  if (maybe_crash(20)) crash();  // where a number that is not stored would be given twice
}

void World::redrive_everything() {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, letter] : store_.letters) ids.push_back(id);
  for (const auto id : ids) redrive(id);
  perform();
}

void World::redrive(std::uint64_t id) {
  const auto letter = store_.letters.at(id);
  if (!exhumed_.insert(id).second) return;
  auto& ledger = ledgers_.at(letter.subscription);
  const auto now = clock_.now();
  const auto sequence = letter.event->sequence;
  const auto status = engine_->redrive(letter.subscription, letter.event, now);
  if (status) {
    ledger.redrive(sequence, ++redrives_, position_, now.wall);
    redriven_.push_back({redrives_, id, letter.subscription, sequence});
    touched_ = true;
    return;
  }
  exhumed_.erase(id);
  const auto name = letter.subscription + " event " + letter.event->id;
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
      if (engine_->waiting_for(letter.subscription) < defaults_.backlog_max / 2)
        broken(name + ": not redriven though there is room");
      break;
    default: broken(name + ": " + status.error().message);
  }
}

}  // namespace sense::simulation

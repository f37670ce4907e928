// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/redrives.hpp"

namespace sense::simulation {

void Redrives::redrive_some() {
  auto& random = context_.random;
  if (host_.engine() == nullptr || store_.dead_letters.empty()) return;
  auto dead_letter = store_.dead_letters.lower_bound(1 + pick(random, store_.last_dead_letter));
  for (std::uint64_t count = 1 + pick(random, 20); count > 0; --count) {
    if (dead_letter == store_.dead_letters.end()) break;
    redrive((dead_letter++)->first);
    if (host_.maybe_crash(100)) return host_.crash();
  }
  host_.perform();
  // Where a number that is not stored would be assigned twice.
  if (host_.maybe_crash(20)) host_.crash();
}

void Redrives::redrive_all() {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, dead_letter] : store_.dead_letters) ids.push_back(id);
  for (const auto id : ids) redrive(id);
  host_.perform();
}

void Redrives::redrive(std::uint64_t id) {
  if (checkpoints_.is_redriven(id)) return;
  const auto& dead_letter = store_.dead_letters.at(id);
  const auto now = context_.agenda.now();
  const auto sequence = dead_letter.event->sequence;
  const auto status = host_.engine()->redrive(dead_letter.subscription, dead_letter.event, now);
  if (!status) return check_refusal(dead_letter, status.error());
  const auto number = ++context_.totals.redrives;
  broker_.ledgers()
      .at(dead_letter.subscription)
      .redrive(sequence, number, host_.position(), now.wall);
  checkpoints_.add_redriven({number, id, dead_letter.subscription, sequence});
}

void Redrives::check_refusal(const Store::StoredDeadLetter& dead_letter, const Error& refusal) {
  const auto& id = dead_letter.subscription;
  const auto& ledger = broker_.ledgers().at(id);
  const auto name = id + " event " + dead_letter.event->id;
  const auto& expires = ledger.published.at(dead_letter.event->sequence).expires;
  switch (refusal.code) {
    case Code::badparam:
      if (!expires || *expires > context_.agenda.now().wall)
        context_.broken(name + ": not redriven though it is worth it");
      break;
    case Code::notfound:
      if (ledger.end_sequence == 0 && !ledger.gone_heard &&
          ledger.state_known != SubscriptionState::pending)
        context_.broken(name + ": not redriven though it is served");
      break;
    case Code::nomoreroom:
      if (host_.engine()->waiting_for(id) < context_.defaults.backlog_max / 2)
        context_.broken(name + ": not redriven though there is room");
      break;
    default: context_.broken(name + ": " + refusal.message);
  }
}

}  // namespace sense::simulation

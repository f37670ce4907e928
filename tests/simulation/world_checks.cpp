// SPDX-License-Identifier: Apache-2.0
// What must hold, at every attempt and at the end.
#include "tests/simulation/world.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

namespace {

constexpr Duration fast_latency_max = 5s;

bool drops(const Ledger& ledger) {
  return ledger.subscription->delivery.sparse->on_failure == OnFailure::drop;
}

std::string name_of(const Delivery& delivery) {
  return delivery.subscription->id + " number " + std::to_string(delivery.number) + " attempt " +
         std::to_string(delivery.attempt);
}

}  // namespace

void World::broken(const std::string& promise) {
  if (broken_.empty())
    broken_ =
        promise + " (at " + to_rfc3339(clock_.now().wall) + ", life " + std::to_string(life_) + ")";
}

void World::check_attempt(const Ledger& ledger, const Delivery& delivery) {
  const auto& subscription = *delivery.subscription;
  const bool ended = delivery.kind == Delivery::Kind::ended;
  if (ledger.end_sequence != 0 && position_ >= ledger.end_sequence && !ended)
    broken(name_of(delivery) + ": attempted after the end");
  if (ended && position_ < ledger.end_sequence) broken(name_of(delivery) + ": ended too early");
  if (!ended && subscription.state == SubscriptionState::paused)
    broken(name_of(delivery) + ": attempted though paused");
  if (subscription.state == SubscriptionState::pending)
    broken(name_of(delivery) + ": an unverified callback was called");
  if (ledger.gone_heard) broken(name_of(delivery) + ": attempted though gone");
  if (ledger.under_way.size() > subscription.delivery.window.value_or(defaults_.window))
    broken(name_of(delivery) + ": more attempts in flight than the window");
  if (delivery.kind != Delivery::Kind::digest && (!delivery.event || delivery.event->id.empty()))
    broken(name_of(delivery) + ": has no event");
}

void World::check_event(Ledger& ledger, const Delivery& delivery) {
  if (delivery.number == 0 || delivery.number > ledger.owed.size())
    return broken(name_of(delivery) + ": a number that is not owed");
  const auto& owed = ledger.owed[delivery.number - 1];
  if (owed.event->sequence != delivery.event->sequence || owed.event->id != delivery.event->id)
    broken(name_of(delivery) + ": is " + delivery.event->id + " and should be " + owed.event->id);
  const auto meant = ledger.meant.try_emplace(delivery.number, delivery.event->sequence).first;
  if (meant->second != delivery.event->sequence)
    broken(name_of(delivery) + ": was event " + std::to_string(meant->second) + " before");
  check_due(ledger, delivery, owed);
  if (delivery.subscription->delivery.ordered()) check_order(ledger, delivery);
  if (ledger.acknowledged.contains(delivery.number))
    broken(name_of(delivery) + ": repeated though its delivery was not forgotten");
  if (ledger.dead_lettered.contains(delivery.number))
    broken(name_of(delivery) + ": attempted though it is a dead letter");
  const auto before = ledger.attempts.find(delivery.number);
  if (before != ledger.attempts.end() && before->second + 1 != delivery.attempt)
    broken(name_of(delivery) + ": the attempt before was " + std::to_string(before->second));
  const auto& sparse = *delivery.subscription->delivery.sparse;
  const auto most = delivery.subscription->delivery.retry_count.value_or(
      static_cast<std::uint32_t>(defaults_.pauses.size() + 1));
  const bool counted =
      !sparse.retry_span && sparse.suspend_after.value_or(defaults_.suspend_after) == 0;
  if (counted && delivery.attempt > most + life_) broken(name_of(delivery) + ": too many attempts");
  if (sparse != SparseOptions{} || owed.event->notbefore) return;  // it may have to wait
  const auto known = ledger.known.find(delivery.number);
  if (ledger.endpoint.behaviour() == Behaviour::fast && !traffic_over_ &&
      known != ledger.known.end() && clock_.now().mono - known->second > fast_latency_max)
    broken(name_of(delivery) + ": a callback that works was made to wait");
}

void World::check_gap(const Ledger& ledger, const Delivery& delivery) {
  if (ledger.collects() || delivery.subscription->delivery.collects()) return;  // check_collected
  for (auto number = delivery.number; number <= delivery.number_last; ++number) {
    if (number == 0 || number > ledger.owed.size())
      return broken(name_of(delivery) + ": a gap of what is not owed");
    const auto& expires = ledger.owed[number - 1].expires;
    if (ledger.acknowledged.contains(number))
      broken(name_of(delivery) + ": a gap of what was delivered");
    const bool expired = expires && *expires <= clock_.now().wall;
    const bool given_up = ledger.dead_lettered.contains(number) || drops(ledger);
    const bool joined = delivery.reason.find(", ") != std::string::npos;
    if (joined ? !expired && !given_up : delivery.reason == "expired" ? !expired : !given_up)
      broken(name_of(delivery) + ": a gap that says " + delivery.reason);
  }
}

void World::check_dead_letter(const Ledger& ledger, const Engine::DeadLetter& dead_letter) {
  const auto name = dead_letter.subscription + " number " + std::to_string(dead_letter.number);
  if (drops(ledger)) return broken(name + ": a dead letter that was to be dropped");
  if (dead_letter.number == 0 || ledger.find(dead_letter.sequence) == nullptr)
    return broken(name + ": a dead letter of what is not owed");
  if (!ledger.collects() &&
      (dead_letter.number > ledger.owed.size() ||
       ledger.owed[dead_letter.number - 1].event->sequence != dead_letter.sequence))
    return broken(name + ": a dead letter with another event");
  const auto fewest = ledger.subscription->delivery.retry_count.value_or(
      static_cast<std::uint32_t>(defaults_.pauses.size() + 1));
  const bool by_span = ledger.subscription->delivery.sparse->retry_span.has_value();
  if (dead_letter.reason == "undeliverable" && dead_letter.attempts < fewest && !by_span)
    broken(name + ": given up after " + std::to_string(dead_letter.attempts) + " attempts");
}

// What is stored is what there is.
void World::check_checkpoint() {
  Engine twin(defaults_, 1);
  restore(twin);
  if (twin.waiting() != engine_->waiting())
    broken("the store has " + std::to_string(twin.waiting()) + " deliveries, the engine " +
           std::to_string(engine_->waiting()));
  if (twin.count() != engine_->count()) broken("the store has other subscriptions");
  if (engine_->unsaved() != 0) broken("unsaved events after a checkpoint");
}

void World::check_end() {
  if (!engine_) return broken("the host did not come back");
  if (engine_->waiting() != 0)
    broken(std::to_string(engine_->waiting()) + " deliveries wait though all callbacks work");
  for (const auto& [id, ledger] : ledgers_) {
    if (ledger.end_sequence == 0) {
      if (ledger.collects())
        check_collected(id, ledger);
      else
        check_numbers(id, ledger);
      continue;
    }
    const auto asked = ledger.endpoint.asked_to_end();
    if (!ledger.end_notice_owed && asked != 0) broken(id + ": told of its end without reason");
    if (ledger.end_notice_owed && asked == 0 && !ledger.endpoint.said_gone())
      broken(id + ": not told of its end");
  }
}

void World::check_numbers(const std::string& id, const Ledger& ledger) {
  for (std::uint64_t number = 1; number <= ledger.owed.size(); ++number) {
    const auto& owed = ledger.owed[number - 1];
    const auto name = id + " number " + std::to_string(number);
    const bool expired = owed.expires && *owed.expires <= clock_.now().wall;
    const auto& endpoint = ledger.endpoint;
    if (!endpoint.has(number) && !ledger.dead_lettered.contains(number) && !expired &&
        !drops(ledger))
      broken(name + ": neither delivered nor dead nor expired");
    if (!endpoint.has(number) && !endpoint.knows_missing(number))
      broken(name + ": a missing number without a gap");
    if (!endpoint.has(number) && expired && !ledger.dead_lettered.contains(number)) ++expired_;
  }
}

std::string World::summary() const {
  return std::to_string(events_) + " events, " + std::to_string(ledgers_.size()) +
         " subscriptions, " + std::to_string(attempts_) + " attempts, " +
         std::to_string(deliveries_) + " delivered, " + std::to_string(dead_letters_) + " dead, " +
         std::to_string(redrives_) + " redriven (" + std::to_string(redrives_lost_) + " lost), " +
         std::to_string(expired_) + " expired, " + std::to_string(life_) + " crashes, " +
         std::to_string(digests_) + " windows, " + std::to_string(superseded_) + " superseded, " +
         std::to_string(suspensions_) + " suspensions, " + std::to_string(checkpoints_) +
         " checkpoints, " + std::to_string(lagged_checkpoints_) + " of them lagged, " +
         std::to_string(loaded_) + " loaded, " + std::to_string(replayed_) + " replayed";
}

}  // namespace sense::simulation

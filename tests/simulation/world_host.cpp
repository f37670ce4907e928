// SPDX-License-Identifier: Apache-2.0
// The host's part, as in gateways/host/host.cpp, with crashes where they hurt.
#include "tests/simulation/world.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

bool World::maybe_crash(std::uint64_t chances) {
  return crashes_allowed_ && engine_ && one_in(random_, chances);
}

void World::follow() {
  follow_planned_ = false;
  if (!engine_) return;
  for (int i = 0; i < 20 && position_ < journal_.size(); ++i) {
    apply(journal_[position_]);
    if (maybe_crash(3000)) return crash();
  }
  perform();
  if (crash_now_ || position_ >= journal_.size() || follow_planned_) return;
  follow_planned_ = true;
  at(up_to(random_, 10ms), [this] { follow(); });
}

void World::apply(const Entry& entry) {
  const auto now = clock_.now();
  changed_ = true;
  position_ = entry.sequence;
  if (entry.put) {
    auto& ledger = ledgers_.at(entry.put->id);
    // Activation ends the probing.
    if (entry.put->state == SubscriptionState::active && ledger.state_known != entry.put->state)
      ledger.next_probe.reset();
    ledger.state_known = entry.put->state;
    return engine_->put(entry.put, now);
  }
  if (!entry.event) {
    engine_->end(entry.end, entry.reason, entry.notify, now);
    ledgers_.at(entry.end).under_way.clear();
    return;
  }
  engine_->on_event(entry.event, now);
  for (auto& [id, ledger] : ledgers_)
    for (auto owed = ledger.owed.size(); owed > 0; --owed) {
      if (ledger.owed[owed - 1].redrive != 0) continue;
      if (ledger.owed[owed - 1].event->sequence < entry.sequence) break;
      if (ledger.owed[owed - 1].event == entry.event) ledger.known[owed] = now.mono;
    }
}

void World::perform() {
  while (!crash_now_) {
    auto actions = engine_->take_actions();
    if (actions.empty()) return;
    changed_ = true;
    for (const auto& suspension : actions.suspensions) suspend(suspension);
    for (auto& dead_letter : actions.dead_letters) {
      auto& ledger = ledgers_.at(dead_letter.subscription);
      settle({&ledger.dead_lettered, dead_letter.number});
      settle({&ledger.dead_lettered_sequences, dead_letter.sequence});
      check_dead_letter(ledger, dead_letter);
      new_dead_letters_.push_back(std::move(dead_letter));
    }
    for (auto& deliver : actions.deliver) {
      attempt(deliver);
      crash_now_ = maybe_crash(5000);
      if (crash_now_) return;
    }
    // The wish to end it is lost when the host crashes before it is sent.
    for (const auto& id : actions.gone)
      at(up_to(random_, 2s), [this, id, life = life_] {
        if (life == life_) end(id, "unreachable", true);
      });
  }
}

// As gateways/host/subscriptions/suspension_writer.hpp does: the last request wins, and a crash may
// lose it.
void World::suspend(const Engine::Suspension& suspension) {
  ++suspensions_;
  auto& ledger = ledgers_.at(suspension.subscription);
  ledger.wants_suspended = suspension.suspended;
  ledger.next_probe.reset();
  if (suspension.suspended) ledger.next_probe = clock_.now().mono + defaults_.probe_first;
  at(up_to(random_, 2s), [this, id = suspension.subscription, life = life_] {
    const auto& wanted = ledgers_.at(id);
    if (life != life_ || wanted.end_sequence != 0 || !wanted.wants_suspended) return;
    const auto from =
        *wanted.wants_suspended ? SubscriptionState::active : SubscriptionState::suspended;
    const auto to =
        *wanted.wants_suspended ? SubscriptionState::suspended : SubscriptionState::active;
    if (wanted.subscription->state == from) change_state(id, to);
  });
}

void World::attempt(Engine::Deliver& deliver) {
  ++attempts_;
  auto& delivery = *deliver.delivery;
  const auto id = delivery.subscription->id;
  auto& ledger = ledgers_.at(id);
  const auto load = [&](EventRef& into, std::uint64_t sequence) {
    if (into) return true;
    const auto event = store_.events.find(sequence);
    if (event == store_.events.end())
      broken(id + ": an event was released that is not in the store");
    else
      into = event->second;
    ++loaded_;
    return into != nullptr;
  };
  for (auto& content : delivery.contents)
    if (!load(content.event, content.sequence)) return;
  if (delivery.kind != Delivery::Kind::digest && !load(delivery.event, deliver.sequence)) return;
  ledger.under_way.insert(deliver.attempt_id);
  check_attempt(ledger, delivery);
  check_pace(ledger, delivery);
  if (delivery.window != 0)
    check_window(ledger, delivery);
  else if (delivery.kind == Delivery::Kind::event)
    check_event(ledger, delivery);
  if (delivery.kind == Delivery::Kind::gap) check_gap(ledger, delivery);
  ledger.attempts[delivery.number] = delivery.attempt;
  const auto reply = ledger.endpoint.take(delivery, clock_.now().mono, random_);
  for (int time = 0; time < (reply.twice ? 2 : 1); ++time)
    at(reply.takes + Duration{time}, [this, life = life_, attempt_id = deliver.attempt_id,
                                      taken = deliver.delivery, answer = reply.attempt] {
      if (life == life_ && engine_) on_result(attempt_id, *taken, answer);
    });
}

void World::on_result(std::uint64_t attempt_id, const Delivery& delivery, const Attempt& answer) {
  auto& ledger = ledgers_.at(delivery.subscription->id);
  const bool counts = ledger.under_way.erase(attempt_id) != 0;
  if (counts && answer.outcome == Attempt::Outcome::delivered) {
    ++deliveries_;
    if (delivery.kind == Delivery::Kind::event)
      settle({&ledger.acknowledged, delivery.number, delivery.event->sequence});
    for (const auto& content : delivery.contents)
      settle({&ledger.acknowledged, content.number, content.sequence});
    if (delivery.window != 0) settle({&ledger.windows_acknowledged, delivery.window});
  }
  if (counts && answer.outcome == Attempt::Outcome::gone) ledger.gone_heard = true;
  changed_ = true;
  engine_->on_result(attempt_id, answer, clock_.now());
  perform();
}

void World::settle(Settled settled) {
  if (settled.among->insert(settled.number).second) settled_.push_back(settled);
}

// As the host does: a lagged checkpoint where that is allowed, with exceptions at random.
World::Unsaved World::collect() {
  const bool lagged = position_before_ && engine_->allow_lagged() && new_dead_letters_.empty() &&
                      redriven_.empty() && !one_in(random_, 10);
  Unsaved next;
  next.position = lagged ? *position_before_ : position_;
  next.delta =
      engine_->take_checkpoint(clock_.now(), lagged ? Engine::AsOf::lagged : Engine::AsOf::now);
  next.dead_letters = std::exchange(new_dead_letters_, {});
  next.redriven = std::exchange(redriven_, {});
  next.whole = !lagged;
  lagged_checkpoints_ += lagged ? 1 : 0;
  // Later events are replayed after a crash.
  std::vector<Settled> later;
  for (const auto& settled : std::exchange(settled_, {}))
    (settled.sequence > next.position ? later : next.settled).push_back(settled);
  settled_ = std::move(later);
  position_before_ = position_;
  return next;
}

void World::checkpoint() {
  checkpointed_ = clock_.now().mono;
  const bool fresh = !unsaved_;
  if (fresh) unsaved_ = collect();
  if (maybe_crash(300)) return crash();
  if (one_in(random_, 30)) return;  // the disk is full: the same again next time
  store(*unsaved_);
  const bool whole = unsaved_->whole;
  unsaved_.reset();
  ++checkpoints_;
  if (maybe_crash(300)) return crash();
  engine_->stored(clock_.now());
  changed_ = !fresh || !whole;
  if (fresh && whole && one_in(random_, 200)) check_checkpoint();
  perform();  // windows that are stored now may be attempted
}

void World::store(const Unsaved& unsaved) {
  const auto& delta = unsaved.delta;
  for (const auto& dead_letter : unsaved.dead_letters) {
    ++dead_letters_;
    keep_dead_letter(dead_letter);
  }
  for (const auto& redriven : unsaved.redriven) {
    store_.dead_letters.erase(redriven.dead_letter);
    redriving_.erase(redriven.dead_letter);
  }
  for (const auto& id : delta.queues_removed) store_.queues.erase(id);
  for (const auto& queue : delta.queues)
    store_.queues.insert_or_assign(queue.subscription->id, queue);
  for (const auto& key : delta.deliveries_removed) store_.deliveries.erase(key);
  for (const auto& [key, saved] : delta.deliveries) {
    store_.deliveries.insert_or_assign({saved.subscription, key}, saved);
    if (saved.event) store_.events.emplace(saved.sequence, saved.event);
  }
  store_.position = unsaved.position;
  if (!one_in(random_, 100)) return;
  std::set<std::uint64_t> needed;
  for (const auto& [key, saved] : store_.deliveries) needed.insert(saved.sequence);
  std::erase_if(store_.events, [&](const auto& entry) { return !needed.contains(entry.first); });
}

void World::crash() {
  crash_now_ = false;
  engine_.reset();
  position_before_.reset();
  ++life_;
  // What was settled since the last stored checkpoint is forgotten, and may be repeated.
  if (unsaved_) settled_.insert(settled_.end(), unsaved_->settled.begin(), unsaved_->settled.end());
  for (const auto& settled : std::exchange(settled_, {})) settled.among->erase(settled.number);
  if (unsaved_)
    redriven_.insert(redriven_.end(), unsaved_->redriven.begin(), unsaved_->redriven.end());
  for (const auto& lost : std::exchange(redriven_, {})) {
    ledgers_.at(lost.subscription).undo_redrive(lost.sequence, lost.number);
    ++redrives_lost_;
  }
  redriving_.clear();
  unsaved_.reset();
  new_dead_letters_.clear();
  for (auto& [id, ledger] : ledgers_) ledger.crash();
  at(one_in(random_, 4) ? up_to(random_, 2h) : up_to(random_, 2s), [this] {
    engine_ = std::make_unique<Engine>(defaults_, random_());
    position_ = store_.position;
    replayed_ += journal_.size() - position_;
    restore(*engine_);
    engine_->restored(clock_.now());
    perform();
    follow();
  });
}

void World::restore(Engine& engine) {
  for (const auto& [id, queue] : store_.queues) engine.restore(queue);
  for (const auto& [key, saved] : store_.deliveries)
    engine.restore(key.second, saved, clock_.now());
}

}  // namespace sense::simulation

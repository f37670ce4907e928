// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/host.hpp"

#include "tests/simulation/state_checks.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

Host::Host(Context& context, Broker& broker, Store& store, Checkpoints& checkpoints,
           std::uint64_t seed)
    : context_(context),
      random_(context.random),
      broker_(broker),
      store_(store),
      checkpoints_(checkpoints),
      checks_(context),
      engine_(std::make_unique<Engine>(context.defaults, seed)) {}

std::optional<MonoTime> Host::timer() const {
  return engine_ ? engine_->next_timer() : std::nullopt;
}

std::optional<MonoTime> Host::checkpoint_due() const {
  return engine_ ? checkpoints_.due() : std::nullopt;
}

// ---- from the journal to the engine

void Host::wake(Duration longest) {
  if (follow_planned_) return;
  follow_planned_ = true;
  context_.agenda.after(up_to(random_, longest), [this] { follow(); });
}

void Host::follow() {
  follow_planned_ = false;
  if (!engine_) return;
  const auto& journal = broker_.journal();
  for (int i = 0; i < 20 && position_ < journal.size(); ++i) {
    apply(journal[position_]);
    if (maybe_crash(3000)) return crash();
  }
  perform();
  if (!crash_now_ && position_ < journal.size()) wake(10ms);
}

void Host::apply(const Broker::Entry& entry) {
  const auto now = context_.agenda.now();
  auto& ledgers = broker_.ledgers();
  checkpoints_.mark_changed();
  position_ = entry.sequence;
  if (entry.put) {
    auto& ledger = ledgers.at(entry.put->id);
    // Activation ends the probing.
    if (entry.put->state == SubscriptionState::active && ledger.state_known != entry.put->state)
      ledger.next_probe.reset();
    ledger.state_known = entry.put->state;
    return engine_->put(entry.put, now);
  }
  if (!entry.event) {
    engine_->end(entry.end, entry.reason, entry.notify, now);
    ledgers.at(entry.end).under_way.clear();
    return;
  }
  engine_->on_event(entry.event, now);
  for (auto& [id, ledger] : ledgers) ledger.on_known(entry.event, now.mono);
}

// ---- what the engine asks for

void Host::on_timer() {
  engine_->on_timer(context_.agenda.now());
  perform();
}

void Host::perform() {
  while (!crash_now_) {
    auto actions = engine_->take_actions();
    if (actions.empty()) return;
    checkpoints_.mark_changed();
    for (const auto& suspension : actions.suspensions) suspend(suspension);
    for (auto& dead_letter : actions.dead_letters) give_up(std::move(dead_letter));
    for (auto& deliver : actions.deliver) {
      attempt(deliver);
      crash_now_ = maybe_crash(5000);
      if (crash_now_) return;
    }
    // The wish to end it is lost when the host crashes before it is sent.
    for (const auto& id : actions.gone)
      context_.agenda.after(up_to(random_, 2s), [this, id, life = context_.life] {
        if (life == context_.life) broker_.end(id, "unreachable", true);
      });
  }
}

// As gateways/host/subscriptions/suspension_writer.hpp does: the last request wins, and a crash may
// lose it.
void Host::suspend(const Engine::Suspension& suspension) {
  auto& agenda = context_.agenda;
  ++context_.totals.suspensions;
  auto& ledger = broker_.ledgers().at(suspension.subscription);
  ledger.wants_suspended = suspension.suspended;
  ledger.next_probe.reset();
  if (suspension.suspended) ledger.next_probe = agenda.now().mono + context_.defaults.probe_first;
  agenda.after(up_to(random_, 2s), [this, id = suspension.subscription, life = context_.life] {
    const auto& wanted = broker_.ledgers().at(id);
    if (life != context_.life || wanted.end_sequence != 0 || !wanted.wants_suspended) return;
    const auto from =
        *wanted.wants_suspended ? SubscriptionState::active : SubscriptionState::suspended;
    const auto to =
        *wanted.wants_suspended ? SubscriptionState::suspended : SubscriptionState::active;
    if (wanted.subscription->state == from) broker_.change_state(id, to);
  });
}

void Host::give_up(Engine::DeadLetter dead_letter) {
  auto& ledger = broker_.ledgers().at(dead_letter.subscription);
  checkpoints_.add_settled({&ledger.dead_lettered, dead_letter.number});
  checkpoints_.add_settled({&ledger.dead_lettered_sequences, dead_letter.sequence});
  checks_.dead_letter(ledger, dead_letter);
  checkpoints_.add_dead_letter(std::move(dead_letter));
}

// The events that the engine has released.
bool Host::load(Engine::Deliver& deliver) {
  auto& delivery = *deliver.delivery;
  const auto into = [&](EventRef& event, std::uint64_t sequence) {
    if (event) return true;
    event = store_.find_event(sequence);
    ++context_.totals.loaded;
    if (!event)
      context_.broken(delivery.subscription->id +
                      ": an event was released that is not in the store");
    return event != nullptr;
  };
  for (auto& content : delivery.contents)
    if (!into(content.event, content.sequence)) return false;
  return delivery.kind == Delivery::Kind::digest || into(delivery.event, deliver.sequence);
}

void Host::attempt(Engine::Deliver& deliver) {
  ++context_.totals.attempts;
  if (!load(deliver)) return;
  auto& delivery = *deliver.delivery;
  auto& ledger = broker_.ledgers().at(delivery.subscription->id);
  ledger.under_way.insert(deliver.attempt_id);
  checks_.attempt(ledger, delivery, position_);
  ledger.attempts[delivery.number] = delivery.attempt;
  const auto reply = ledger.endpoint.take(delivery, context_.agenda.now().mono, random_);
  for (int time = 0; time < (reply.twice ? 2 : 1); ++time)
    context_.agenda.after(reply.takes + Duration{time},
                          [this, life = context_.life, attempt_id = deliver.attempt_id,
                           taken = deliver.delivery, answer = reply.attempt] {
                            if (life == context_.life && engine_)
                              on_result(attempt_id, *taken, answer);
                          });
}

void Host::on_result(std::uint64_t attempt_id, const Delivery& delivery, const Attempt& answer) {
  auto& ledger = broker_.ledgers().at(delivery.subscription->id);
  const bool counts = ledger.under_way.erase(attempt_id) != 0;
  if (counts && answer.outcome == Attempt::Outcome::delivered) settle(ledger, delivery);
  if (counts && answer.outcome == Attempt::Outcome::gone) ledger.gone_heard = true;
  checkpoints_.mark_changed();
  engine_->on_result(attempt_id, answer, context_.agenda.now());
  perform();
}

void Host::settle(Ledger& ledger, const Delivery& delivery) {
  ++context_.totals.deliveries;
  if (delivery.kind == Delivery::Kind::event)
    checkpoints_.add_settled({&ledger.acknowledged, delivery.number, delivery.event->sequence});
  for (const auto& content : delivery.contents)
    checkpoints_.add_settled({&ledger.acknowledged, content.number, content.sequence});
  if (delivery.window != 0)
    checkpoints_.add_settled({&ledger.windows_acknowledged, delivery.window});
}

// ---- checkpoints and crashes

void Host::checkpoint() {
  const bool fresh = checkpoints_.collect(*engine_, position_);
  if (maybe_crash(300)) return crash();
  if (one_in(random_, 30)) return;  // the disk is full: the same again next time
  const bool all = fresh && checkpoints_.is_whole();
  checkpoints_.store();
  if (maybe_crash(300)) return crash();
  engine_->stored(context_.agenda.now());
  if (all) checkpoints_.mark_unchanged();
  if (all && one_in(random_, 200)) check_checkpoint(context_, *engine_, store_);
  perform();  // windows that are stored now may be attempted
}

bool Host::maybe_crash(std::uint64_t chances) {
  return context_.crashes_allowed && engine_ && one_in(random_, chances);
}

void Host::crash_if_due() {
  if (crash_now_ || maybe_crash(600)) crash();
}

void Host::crash() {
  crash_now_ = false;
  engine_.reset();
  ++context_.life;
  checkpoints_.crash();
  for (auto& [id, ledger] : broker_.ledgers()) ledger.crash();
  context_.agenda.after(one_in(random_, 4) ? up_to(random_, 2h) : up_to(random_, 2s),
                        [this] { restart(); });
}

void Host::restart() {
  engine_ = std::make_unique<Engine>(context_.defaults, random_());
  position_ = store_.position;
  context_.totals.replayed += broker_.journal().size() - position_;
  store_.restore(*engine_, context_.agenda.now());
  engine_->restored(context_.agenda.now());
  perform();
  follow();
}

}  // namespace sense::simulation

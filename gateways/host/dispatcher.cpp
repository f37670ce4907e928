// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/dispatcher.hpp"

#include <utility>

#include "gateways/host/store/load_payload.hpp"

namespace sense {

namespace {

// When the broker accepted the events of a delivery.
std::vector<WallTime> observed_times(const Delivery& delivery) {
  std::vector<WallTime> times;
  const auto add = [&](const Event& event) {
    if (event.observedtime) times.push_back(*event.observedtime);
  };
  if (delivery.kind == Delivery::Kind::event) add(*delivery.event);
  for (const auto& content : delivery.contents) add(*content.event);
  return times;
}

}  // namespace

Dispatcher::Dispatcher(Dependencies dependencies, Callbacks callbacks)
    : dependencies_(dependencies),
      callbacks_(std::move(callbacks)),
      timer_(dependencies.clock, callbacks_.after, [this] {
        if (state_ != State::open) return;
        dependencies_.engine.on_timer(dependencies_.clock.now());
        perform();
      }) {}

void Dispatcher::perform() {
  if (performing_ || state_ == State::closed) return;
  if (state_ == State::open && !callbacks_.may_attempt()) return;
  performing_ = true;
  for (;;) {
    auto actions = dependencies_.engine.take_actions();
    if (actions.empty()) break;
    carry_out(actions);
  }
  performing_ = false;
  if (state_ != State::open) return;
  if (const auto next = dependencies_.engine.next_timer()) timer_.at(*next);
}

void Dispatcher::carry_out(Engine::Actions& actions) {
  for (auto& dead_letter : actions.dead_letters) {
    dependencies_.notices.add(dead_letter);
    dependencies_.checkpoints.add_dead_letter(std::move(dead_letter));
  }
  for (auto& expired : actions.expired) {
    dependencies_.notices.add_expired(expired);
    dependencies_.checkpoints.add_expired(std::move(expired));
  }
  if (state_ != State::open) return;  // the rest is decided again after the next start
  for (auto& deliver : actions.deliver) attempt(deliver);
  for (const auto& id : actions.gone) callbacks_.gone(id);
  for (const auto& id : actions.forget) {
    dependencies_.log.forget(id);
    dependencies_.lateness.forget(id);
    dependencies_.gateway.forget(id);
    callbacks_.ended(id);
  }
  for (const auto& suspension : actions.suspensions) dependencies_.suspensions.set(suspension);
  if (actions.checkpoint) callbacks_.checkpoint_soon();
}

void Dispatcher::attempt(Engine::Deliver& deliver) {
  const auto attempt_id = deliver.attempt_id;
  const auto now = dependencies_.clock.now();
  if (const auto loaded = load_payload(deliver, dependencies_.store, now.wall); !loaded)
    return dependencies_.engine.on_result(attempt_id, failed_load_outcome(loaded.error()), now);
  const auto& delivery = *deliver.delivery;
  Begun begun{delivery.subscription, now.mono, {}, observed_times(delivery)};
  begun.record.time = now.wall;
  begun.record.number = delivery.number;
  begun.record.number_last = delivery.number_last;
  begun.record.event = delivery.event->id;
  begun.record.attempt = delivery.attempt;
  dependencies_.gateway.deliver(
      std::move(deliver.delivery),
      [this, attempt_id, begun = std::move(begun)](const Attempt& outcome) {
        note(begun, outcome);
        on_outcome(attempt_id, outcome);
      });
}

void Dispatcher::measure(const Begun& begun) {
  const auto now = dependencies_.clock.now().wall;
  for (const auto observed : begun.observed)
    dependencies_.lateness.add(*begun.subscription, now - observed);
}

void Dispatcher::note(const Begun& begun, const Attempt& outcome) {
  if (state_ == State::closed) return;
  const auto now = dependencies_.clock.now();
  const Duration took = now.mono - begun.at;
  if (callbacks_.measured) {
    MeasuredAttempt measured{outcome.outcome, took, {}};
    if (!begun.observed.empty()) measured.since_accepted = now.wall - begun.observed.front();
    callbacks_.measured(measured);
  }
  if (outcome.outcome == Attempt::Outcome::delivered) measure(begun);
  if (!dependencies_.log.keeps()) return;
  auto record = begun.record;
  record.outcome = outcome.outcome;
  record.status = outcome.status;
  record.duration = took;
  record.answer = outcome.answer;
  dependencies_.log.add(*begun.subscription, std::move(record));
}

void Dispatcher::on_outcome(std::uint64_t attempt_id, const Attempt& outcome) {
  const bool interrupted = state_ == State::draining && outcome.outcome == Attempt::Outcome::retry;
  if (state_ == State::closed || interrupted) return;
  dependencies_.engine.on_result(attempt_id, outcome, dependencies_.clock.now());
  perform_soon();
}

// Once for all outcomes that arrive together.
void Dispatcher::perform_soon() {
  if (performing_ || std::exchange(perform_scheduled_, true)) return;
  callbacks_.post([this] {
    perform_scheduled_ = false;
    if (state_ != State::open) return;
    perform();
    callbacks_.settled();
  });
}

void Dispatcher::drain() {
  if (state_ == State::open) state_ = State::draining;
}

void Dispatcher::close() {
  drain();
  perform();
  state_ = State::closed;
}

}  // namespace sense

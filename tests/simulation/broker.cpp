// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/broker.hpp"

namespace sense::simulation {

void Broker::append(Entry entry) {
  entry.sequence = journal_.size() + 1;
  if (entry.event) {
    auto event = *entry.event;
    event.sequence = entry.sequence;
    entry.event = std::make_shared<const Event>(std::move(event));
    for (auto& [id, ledger] : ledgers_) ledger.on_event(entry.event, context_.agenda.now().wall);
  } else if (entry.put) {
    auto subscription = *entry.put;
    const auto held = ledgers_.find(subscription.id);
    const bool was_pending = held->second.subscription == nullptr ||
                             held->second.subscription->state == SubscriptionState::pending;
    subscription.revision = entry.sequence;
    if (was_pending && subscription.state == SubscriptionState::active)
      subscription.since = entry.sequence;
    entry.put = std::make_shared<const Subscription>(std::move(subscription));
    held->second.put(entry.put);
  } else {
    ledgers_.at(entry.end).end(entry.sequence, entry.notify);
  }
  journal_.push_back(std::move(entry));
  wake_();
}

void Broker::publish(Event event) {
  Entry entry;
  entry.event = std::make_shared<const Event>(std::move(event));
  append(std::move(entry));
}

void Broker::create(Subscription subscription, Endpoint callback) {
  ledgers_.emplace(subscription.id, Ledger(std::move(callback)));
  put(std::move(subscription));
}

void Broker::put(Subscription changed) {
  Entry entry;
  entry.put = std::make_shared<const Subscription>(std::move(changed));
  append(std::move(entry));
}

void Broker::change_state(const std::string& id, SubscriptionState state) {
  auto changed = *ledgers_.at(id).subscription;
  changed.state = state;
  put(std::move(changed));
}

void Broker::end(const std::string& id, std::string reason, bool notify) {
  if (ledgers_.at(id).end_sequence != 0) return;
  Entry entry;
  entry.end = id;
  entry.reason = std::move(reason);
  entry.notify = notify;
  append(std::move(entry));
}

}  // namespace sense::simulation

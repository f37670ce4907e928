// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/broker.hpp"

#include "core/registry/management_change.hpp"
#include "core/subscription/dead_letter_request.hpp"

namespace sense::simulation {

Broker::Broker(Context& context) : context_(context) {
  context_.hub.on_append = [this](const Event& event) { on_append(event); };
}

void Broker::on_append(const Event& event) {
  const auto number = std::to_string(event.sequence);
  const auto& space = event.type.ns();
  const bool internal = space == gateway_namespace || space == audit_namespace;
  for (auto& [id, ledger] : ledgers_)
    if (!internal && ledger.on_event(context_.hub.journal.back(), context_.now().wall))
      context_.trace(id, "is owed event " + number + " as " + std::to_string(ledger.owed.size()));
  if (auto change = subscription_change(event))
    on_change(std::move(change->subscription), change->reason);
}

void Broker::on_change(Subscription subscription, const std::string& reason) {
  auto& ledger = ledgers_.at(subscription.id);
  const auto now = context_.now().mono;
  context_.trace(subscription.id, "is " + std::string(to_text(subscription.state)) + " at " +
                                      std::to_string(subscription.revision) + " " + reason);
  if (subscription.state == SubscriptionState::ended) {
    check_end(ledger, subscription.id, reason);
    return ledger.end(subscription.revision, reason != "cancelled", now);
  }
  const bool was_suspended =
      ledger.subscription && ledger.subscription->state == SubscriptionState::suspended;
  const bool suspended = subscription.state == SubscriptionState::suspended;
  if (!suspended) ledger.next_probe.reset();
  if (suspended && !was_suspended) {
    ++context_.totals.suspensions;
    // The gateway has known it for a moment: a change that another has overtaken is written again
    // after a second.
    ledger.next_probe = now + context_.defaults.probe_first - std::chrono::seconds{3};
  }
  ledger.put(std::make_shared<const Subscription>(std::move(subscription)), now);
}

// No lease ends early: a gateway ends a subscription only when its callback has said so.
void Broker::check_end(const Ledger& ledger, const std::string& id, const std::string& reason) {
  if (writing_) return;
  const auto& endpoint = ledger.endpoint;
  const bool unreachable = reason == "unreachable" && endpoint.said_gone();
  const bool unverified = ledger.subscription->state == SubscriptionState::pending &&
                          endpoint.verifications_failed() > 0;
  if (!unreachable && !unverified) context_.broken(id + ": ended by its gateway: " + reason);
}

void Broker::publish(Event event) { (void)context_.hub.append(std::move(event)); }

void Broker::create(Subscription subscription, Endpoint callback) {
  ledgers_.emplace(subscription.id, Ledger(std::move(callback)));
  put(std::move(subscription));
}

void Broker::put(Subscription changed) {
  const auto& id = changed.id;
  const auto& held = ledgers_.at(id).subscription;
  changed.updated = context_.now().wall;
  const RegistryEntry entry{"subscription", id, held ? held->revision : 0, to_json(changed, true)};
  SENSE_CHECK(context_.hub.put_subscription(entry).has_value());
}

void Broker::end(const std::string& id, const std::string& reason) {
  if (ledgers_.at(id).end_sequence != 0) return;
  writing_ = true;
  SENSE_CHECK(context_.hub.end_subscription(id, reason).has_value());
  writing_ = false;
}

void Broker::expire() {
  for (const auto& [id, ledger] : ledgers_)
    if (ledger.end_sequence == 0 && ledger.subscription->expires &&
        *ledger.subscription->expires <= context_.now().wall)
      end(id, "expired");
}

void Broker::redrive(const std::string& id) {
  ledgers_.at(id).renumbered = true;
  ++context_.totals.redrives;
  for (const auto* gateway : {"one", "two"}) {
    if (gateway == std::string("two") && !context_.standby) continue;
    auto request = dead_letter_request_event(
        gateway, {DeadLetterAction::redrive, {.subscription = id}}, context_.now().wall);
    request.principal = "ops";
    publish(std::move(request));
  }
}

}  // namespace sense::simulation

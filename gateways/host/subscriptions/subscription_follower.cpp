// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/subscription_follower.hpp"

#include "core/base/uri.hpp"
#include "core/registry/management_change.hpp"
#include "core/registry/subscription_client.hpp"

namespace sense {

namespace {
constexpr std::string_view cancelled_by_owner = "cancelled";
constexpr std::string_view unsubscribed = "unsubscribed";

// Then there is no end notice. By WebSub it is the callback that unsubscribes.
bool asked_for(const Subscription& ended, std::string_view reason) {
  return reason == (is_websub(ended) ? unsubscribed : cancelled_by_owner);
}
}  // namespace

void SubscriptionFollower::read(std::vector<std::string> kinds,
                                std::function<void(const RegistryEntry&)> subscription, Done done) {
  dependencies_.directory.clear();
  reader_.read(
      std::move(kinds),
      [this, subscription = std::move(subscription)](const RegistryEntry& entry) {
        entry.kind == "gateway" ? dependencies_.directory.add(entry) : subscription(entry);
      },
      [this, done = std::move(done)](std::uint64_t position) {
        dependencies_.directory.complete(position);
        done(position);
      });
}

void SubscriptionFollower::read_gateways(Done done) { read({"gateway"}, {}, std::move(done)); }

void SubscriptionFollower::read_all(Done done) {
  const auto listed = std::make_shared<std::set<std::string>>();
  read(
      {"gateway", "subscription"},
      [this, listed](const RegistryEntry& entry) {
        listed->insert(entry.key);
        if (auto subscription = readable_subscription(entry)) apply(std::move(*subscription), "");
      },
      [this, listed, done = std::move(done)](std::uint64_t position) {
        const auto now = dependencies_.clock.now();
        for (const auto& held : dependencies_.engine.subscriptions())
          if (!listed->contains(held->id)) dependencies_.engine.end(held->id, "expired", true, now);
        done(position);
      });
}

bool SubscriptionFollower::on_subscription_event(const Event& event) {
  auto change = subscription_change(event);
  if (!change) log_unreadable_change(event);
  if (!change) return false;
  return apply(std::move(change->subscription), change->reason);
}

bool SubscriptionFollower::apply(Subscription subscription, const std::string& reason) {
  auto& engine = dependencies_.engine;
  const auto now = dependencies_.clock.now();
  const auto held = engine.find(subscription.id);
  if (held && held->revision >= subscription.revision) return false;
  if (subscription.state == SubscriptionState::ended) {
    dependencies_.ended.add(subscription.id, subscription.owner, reason, now);
    if (reason == cancelled_by_owner)
      dependencies_.verifier.on_cancelled(subscription.owner, subscription.callback);
    engine.end(subscription.id, reason, !asked_for(subscription, reason), now);
    return false;
  }
  const auto uri = parse_uri(subscription.callback);
  if (!uri || !dependencies_.directory.serves_here(uri->scheme)) {
    // The callback may have moved to another gateway.
    engine.end(subscription.id, "", false, now);
    return false;
  }
  // Where the subscription was made in another process, this is where it is counted.
  if (!held && subscription.state == SubscriptionState::pending) {
    if (const auto good = dependencies_.check(subscription); !good) {
      end_in_registry(subscription.id, good.error().message);
      return false;
    }
  }
  const auto changed = std::make_shared<const Subscription>(std::move(subscription));
  engine.put(changed, now);
  if (verifying_) dependencies_.verifier.on_change(held, *changed);
  return true;
}

void SubscriptionFollower::verify_pending() {
  verifying_ = true;
  for (const auto& subscription : dependencies_.engine.subscriptions())
    if (subscription->state == SubscriptionState::pending || has_intent(*subscription))
      dependencies_.verifier.verify(subscription->id);
}

void SubscriptionFollower::end_in_registry(const std::string& id, const std::string& reason) {
  if (stopped_) return;
  dependencies_.bus.registry_remove(
      "subscription", id, 0, reason, [this, id, reason](const auto& answer) {
        if (!answer && answer.error().code != Code::notfound)
          retry_later_([this, id, reason] { end_in_registry(id, reason); });
      });
}

void SubscriptionFollower::stop() {
  stopped_ = true;
  reader_.stop();
}

}  // namespace sense

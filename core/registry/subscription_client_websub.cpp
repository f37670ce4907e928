// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/registry/subscription_client.hpp"
#include "core/registry/subscription_steps.hpp"

namespace sense {

namespace {

using Kind = WebSub::Intent::Kind;

constexpr const char* unsubscribed_reason = "unsubscribed";

tl::unexpected<Error> no_such_websub() {
  return fail(Code::notfound, "there is no subscription of this callback to this topic");
}

}  // namespace

void SubscriptionClient::intend(std::string id, WebSub::Intent intent,
                                Answer<SubscriptionRef> done) {
  intent.period = std::min(intent.period, served_.lease_max);
  edit(
      std::move(id), "asked for by its subscriber",
      [this, intent = std::move(intent)](Subscription& subscription) -> Status {
        if (!is_websub(subscription) || !subscription.expires) return no_such_websub();
        const bool agreed = subscription.state != SubscriptionState::pending;
        if (intent.kind == Kind::unsubscribe && !agreed) return no_such_websub();
        subscription.websub.edit().intent = intent;
        return served_.check(subscription);
      },
      std::move(done));
}

void SubscriptionClient::settle(std::string id, WebSub::Intent asked, bool agreed,
                                Answer<SubscriptionRef> done) {
  if (agreed && asked.kind == Kind::unsubscribe)
    return cancel(std::move(id), unsubscribed_reason, std::move(done));
  edit(
      std::move(id), agreed ? "subscribed again" : "its callback did not agree to a change",
      [this, asked = std::move(asked), agreed](Subscription& subscription) -> Status {
        if (subscription.websub->intent != asked)
          return fail(Code::duplicate, "the subscriber has asked for something else meanwhile");
        subscription.websub.edit().intent = {};
        if (!agreed) return {};
        subscription.secrets.edit().current = asked.secret;
        // What it has agreed to replaces what was, and it answers.
        const bool waits = subscription.state == SubscriptionState::pending ||
                           (subscription.state == SubscriptionState::suspended &&
                            !suspended_for_filter(subscription));
        if (waits) make_verified(subscription);
        return grant_lease(subscription, asked.period, served_.lease_max, clock_.now().wall);
      },
      std::move(done));
}

}  // namespace sense

// SPDX-License-Identifier: Apache-2.0
#include "broker/security/permission.hpp"

#include <boost/test/unit_test.hpp>

#include "core/subscription/subscription.hpp"

using namespace sense;
using State = SubscriptionState;

namespace {

const Rights may_subscribe({{}, {Rule::everything()}, {}, false, false});

Subscription of_shop(State state) {
  Subscription subscription;
  subscription.id = "s-1";
  subscription.owner = "shop";
  subscription.via = "cli";
  subscription.callback = "https://shop.example/events";
  subscription.expires = *parse_rfc3339("2026-11-21T09:15:00Z");
  subscription.state = state;
  return subscription;
}

// Whether the shop may make it so, without the right to manage.
bool may_put(const Subscription& wanted, const Subscription* before = nullptr) {
  bus::Request request;
  request.operation = bus::Operation::put;
  request.kind = "subscription";
  request.key = wanted.id;
  const auto value = to_json(wanted, true);
  request.value = value;
  RegistryEntry current{"subscription", wanted.id, 1, before ? to_json(*before, true) : ""};
  return check_change(may_subscribe, "shop", request, before ? &current : nullptr).has_value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(permission_tests)

BOOST_AUTO_TEST_CASE(whether_a_callback_has_agreed_is_not_for_its_subscriber_to_say) {
  const auto pending = of_shop(State::pending);
  BOOST_CHECK(may_put(pending));
  BOOST_CHECK(may_put(pending, &pending));
  for (const auto state : {State::active, State::paused, State::suspended}) {
    const auto served = of_shop(state);
    BOOST_CHECK_MESSAGE(!may_put(served), to_text(state));
    BOOST_CHECK_MESSAGE(!may_put(served, &pending), to_text(state));
    auto elsewhere = served;
    elsewhere.callback = "https://victim.example/";
    BOOST_CHECK_MESSAGE(!may_put(elsewhere, &served), to_text(state));
    elsewhere.state = State::pending;
    BOOST_CHECK_MESSAGE(may_put(elsewhere, &served), to_text(state));
    // One that has agreed is its owner's to pause, resume and change.
    for (const auto next : {State::active, State::paused}) {
      auto changed = of_shop(next);
      changed.labels["room"] = "2";
      BOOST_CHECK_MESSAGE(may_put(changed, &served), to_text(state));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_principal_cannot_set_its_own_challenge) {
  auto asked = of_shop(State::pending);
  asked.challenge_hash = std::string(64, 'a');
  BOOST_CHECK(!may_put(asked));
  const auto before = of_shop(State::pending);
  BOOST_CHECK(!may_put(asked, &before));
  auto renewed = asked;
  renewed.expires = *asked.expires + std::chrono::hours{1};
  BOOST_CHECK(may_put(renewed, &asked));
}

BOOST_AUTO_TEST_CASE(a_client_has_a_lease_and_is_not_the_configuration) {
  auto wanted = of_shop(State::pending);
  wanted.expires.reset();
  BOOST_CHECK(!may_put(wanted));
  wanted = of_shop(State::pending);
  wanted.via = "config";
  BOOST_CHECK(!may_put(wanted));
}

BOOST_AUTO_TEST_SUITE_END()

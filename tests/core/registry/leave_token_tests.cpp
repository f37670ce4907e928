// SPDX-License-Identifier: Apache-2.0
#include "core/registry/leave_token.hpp"

#include "tests/core/registry/subscriptions_fixture.hpp"

using sense::Code;
using sense::Subscription;
using sense::SubscriptionState;
using sense::testing::SubscriptionsFixture;
using namespace std::chrono_literals;

namespace {

struct LeaveFixture : SubscriptionsFixture {
  Subscription by_mail(const char* id = "s-1") {
    auto subscription = leased(id);
    subscription.callback = "mailto:user@example.org";
    subscription.secrets.edit().current = sense::make_webhook_secret();
    return subscription;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(leave_token_tests, LeaveFixture)

BOOST_AUTO_TEST_CASE(a_token_is_of_one_subscription_one_mailbox_and_one_secret) {
  const auto one = by_mail();
  const auto token = sense::leave_token(one);
  BOOST_CHECK_EQUAL(token.size(), 24U);
  BOOST_CHECK(sense::is_leave_token(one, token));
  for (const auto& change : std::vector<std::function<void(Subscription&)>>{
           [](auto& s) { s.id = "s-2"; }, [](auto& s) { s.callback = "mailto:user@example.com"; },
           [](auto& s) { s.secrets.edit().current = sense::make_webhook_secret(); },
           [](auto& s) { s.secrets.edit().current.clear(); }}) {
    auto other = one;
    change(other);
    BOOST_CHECK_NE(sense::leave_token(other), token);
    BOOST_CHECK(!sense::is_leave_token(other, token));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_mailbox_or_has_not_agreed_has_none) {
  auto hook = by_mail();
  hook.callback = "https://user.example.org/";
  auto unasked = by_mail();
  unasked.secrets.edit() = {};
  auto subscriber = by_mail();
  subscriber.secrets.edit().current = "a secret of WebSub";
  for (const auto& none : {hook, unasked, subscriber}) {
    BOOST_CHECK_EQUAL(sense::leave_token(none), "");
    // An empty token is not equal to the one that is not there.
    BOOST_CHECK(!sense::is_leave_token(none, ""));
  }
}

BOOST_AUTO_TEST_CASE(a_mailbox_that_confirms_gets_a_new_secret) {
  auto pending = by_mail();
  pending.state = SubscriptionState::pending;
  pending.challenge_hash = sense::sha256_hex("secret");
  keep(pending);
  const auto before = sense::leave_token(pending);
  subscriptions.confirm("s-1", "secret", done());
  success();
  BOOST_CHECK_EQUAL(sense::leave_token(kept("s-1")).size(), 24U);
  BOOST_CHECK_NE(sense::leave_token(kept("s-1")), before);
  auto other = leased("s-2");
  other.state = SubscriptionState::pending;
  other.challenge_hash = sense::sha256_hex("secret");
  keep(other);
  subscriptions.confirm("s-2", "secret", done());
  BOOST_CHECK_EQUAL(success()->secrets->current, "");
}

BOOST_AUTO_TEST_CASE(the_right_token_ends_it_and_no_client_is_spoken_for) {
  keep(by_mail());
  keep(by_mail("s-2"));
  const auto token = sense::leave_token(kept("s-1"));
  for (const auto& wrong : {std::string(), token.substr(1), token + "=", std::string(24, 'A'),
                            sense::leave_token(kept("s-2")), kept("s-1").secrets->current}) {
    subscriptions.leave("s-1", wrong, done());
    refused(Code::noaccess, "not the token");
  }
  BOOST_CHECK_EQUAL(bus.entries.size(), 2U);
  const auto of_client = std::make_shared<sense::SubscriptionClient>(
      bus, clock, bus.executor(),
      sense::SubscriptionClient::Served{[](const std::string&) { return true; }, 1h},
      sense::ServedClient{"anonymous", "front", "192.0.2.7:1"});
  bus.clients.clear();
  of_client->leave("s-1", token, done());
  BOOST_CHECK(success()->state == SubscriptionState::ended);
  BOOST_CHECK_EQUAL(bus.entries.size(), 1U);
  BOOST_CHECK((bus.reasons == std::vector<std::string>{"cancelled"}));
  BOOST_CHECK_EQUAL(bus.clients.size(), 2U);
  for (const auto& client : bus.clients) BOOST_CHECK_EQUAL(client.principal, "");
  subscriptions.leave("s-1", token, done());
  refused(Code::notfound);
}

BOOST_AUTO_TEST_CASE(the_configuration_files_are_not_left) {
  auto fixed = by_mail();
  fixed.via = "config";
  keep(fixed);
  subscriptions.leave("s-1", sense::leave_token(fixed), done());
  refused(Code::noaccess, "configuration");
  BOOST_CHECK_EQUAL(bus.entries.size(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
#include "core/registry/subscription_client.hpp"

#include "tests/core/registry/subscriptions_fixture.hpp"

using namespace sense;
using sense::testing::SubscriptionsFixture;
using namespace std::chrono_literals;
using Kind = WebSub::Intent::Kind;

namespace {

struct WebSubFixture : SubscriptionsFixture {
  SubscriptionClient web{bus, clock, bus.executor(), {[](const std::string&) { return true; }, 1h}};
  std::string id = websub_id("tester", "http://a.example/cb", "http://e.example/t");

  WebSubFixture() {
    auto wanted = request();
    wanted.callback = "http://a.example/cb";
    wanted.secrets.edit().current = websub_secret("first");
    wanted.websub.edit().topic = "http://e.example/t";
    web.create(wanted, done());
    BOOST_CHECK_EQUAL(success()->id, id);
  }
  void agree() {
    web.activate(id, "http://a.example/cb", done());
    success();
  }
  void intend(const WebSub::Intent& intent) {
    web.intend(id, intent, done());
    success();
  }
};

const WebSub::Intent longer{Kind::subscribe, 30min, websub_secret("next")};
const WebSub::Intent end{Kind::unsubscribe, Duration{0}, ""};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(subscription_client_websub_tests, WebSubFixture)

BOOST_AUTO_TEST_CASE(there_is_one_for_each_callback_and_topic) {
  auto wanted = request();
  wanted.callback = "http://a.example/cb";
  wanted.secrets.edit().current = websub_secret("");
  wanted.websub.edit().topic = "http://e.example/t";
  web.create(wanted, done());
  refused(Code::badcontext);
  BOOST_CHECK(kept(id).secrets->current == websub_secret("first"));
}

BOOST_AUTO_TEST_CASE(its_lease_begins_when_its_callback_agrees) {
  clock.advance(5min);
  agree();
  BOOST_CHECK(kept(id).expires == clock.now().wall + 10min);
}

BOOST_AUTO_TEST_CASE(an_intent_changes_nothing_else) {
  agree();
  const auto before = kept(id);
  intend(longer);
  auto after = kept(id);
  BOOST_CHECK(after.websub->intent == longer);
  after.websub = before.websub;
  after.updated = before.updated;
  after.revision = before.revision;
  BOOST_CHECK(after == before);
}

BOOST_AUTO_TEST_CASE(an_intent_that_is_agreed_to_replaces_lease_and_secret) {
  agree();
  intend(longer);
  clock.advance(1min);
  web.settle(id, longer, true, done());
  success();
  BOOST_CHECK(kept(id).expires == clock.now().wall + 30min);
  BOOST_CHECK_EQUAL(kept(id).secrets->current, websub_secret("next"));
  BOOST_CHECK(!has_intent(kept(id)));
}

BOOST_AUTO_TEST_CASE(an_intent_that_is_not_agreed_to_is_forgotten) {
  agree();
  const auto before = kept(id);
  for (const auto& intent : {longer, end}) {
    intend(intent);
    web.settle(id, intent, false, done());
    success();
    BOOST_CHECK(!has_intent(kept(id)));
    BOOST_CHECK(kept(id).expires == before.expires && kept(id).secrets == before.secrets);
  }
}

BOOST_AUTO_TEST_CASE(an_unsubscription_that_is_agreed_to_ends_it) {
  agree();
  intend(end);
  web.settle(id, end, true, done());
  BOOST_CHECK(success()->state == SubscriptionState::ended);
  BOOST_CHECK_EQUAL(bus.entries.count({"subscription", id}), 0U);
  BOOST_CHECK_EQUAL(bus.reasons.back(), "unsubscribed");
}

BOOST_AUTO_TEST_CASE(a_later_intent_is_not_settled_by_the_answer_to_a_former_one) {
  agree();
  intend(longer);
  intend({Kind::subscribe, 20min, websub_secret("later")});
  web.settle(id, longer, true, done());
  refused(Code::duplicate);
  BOOST_CHECK_EQUAL(kept(id).secrets->current, websub_secret("first"));
}

BOOST_AUTO_TEST_CASE(a_lease_is_never_longer_than_the_longest) {
  agree();
  intend({Kind::subscribe, 1000h, websub_secret("")});
  BOOST_CHECK(kept(id).websub->intent.period == 1h);
}

BOOST_AUTO_TEST_CASE(what_its_callback_has_not_agreed_to_cannot_be_unsubscribed_from) {
  web.intend(id, end, done());
  refused(Code::notfound);
  web.intend("w-other", longer, done());
  refused(Code::notfound);
}

BOOST_AUTO_TEST_CASE(a_pending_one_that_is_asked_for_again_is_verified_by_that) {
  intend(longer);
  web.settle(id, longer, true, done());
  BOOST_CHECK(success()->state == SubscriptionState::active);
}

BOOST_AUTO_TEST_CASE(its_secret_is_not_rotated) {
  agree();
  web.rotate_secret(id, {}, done());
  refused(Code::badparam, "hub.secret");
}

BOOST_AUTO_TEST_CASE(a_subscription_of_another_kind_has_no_intents) {
  keep(leased("s-1"));
  web.intend("s-1", longer, done());
  refused(Code::notfound);
}

BOOST_AUTO_TEST_SUITE_END()
